// The smallest, mean and largest value of every metric over n samples of the same videos, and the pictures
// behind them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "metrics/metrics.h"

namespace savp {

enum class Subtask { kMax, kAvg, kMin };
template <>
struct EnumNames<Subtask> {
  static constexpr std::pair<Subtask, const char*> kTable[] = {
      {Subtask::kMax, "max"}, {Subtask::kAvg, "avg"}, {Subtask::kMin, "min"}};
};

// F counts the predicted frames, those after the context.
struct Aggregate {
  at::Tensor values;  // [F, B]
  at::Tensor images;  // [F, B, C, H, W]
  at::Tensor sample;  // [B], which sample this is, -1: none; undefined for the mean
};

struct MetricSummary {
  const Metric* metric;
  Aggregate max, avg, min;
  const Aggregate& operator[](Subtask subtask) const;
};

// Smallest and largest are whole sequences: per video and metric, the sample whose mean over the predicted
// frames is smallest or largest, the first of equals. A mean that is not a number is neither, but poisons
// `avg`; where no sample has a mean, the values stay infinite and the pictures black.
class SampleStatistics {
 public:
  // truth [T, B, C, H, W]; its last T - context_frames frames are what is compared.
  SampleStatistics(const at::Tensor& truth, int64_t context_frames);

  // Further samples, [F or more, S * B, C, H, W], of which the last F frames count: sample s of video b has
  // index s * B + b.
  void add(const at::Tensor& images);

  // One row a metric, in the order of metrics(). A single sample is its own smallest and largest, whatever
  // it is.
  std::vector<MetricSummary> summary() const;

  // How far the samples are apart, [F, B]: the root mean square difference of two of them, over pixels and
  // all pairs of samples. Undefined for a single sample.
  at::Tensor diversity() const;

 private:
  struct Totals {
    const Metric* metric;
    at::Tensor sum;  // [F, B]
    Aggregate max, min;
  };

  at::Tensor truth_;       // [F, 1, B, C, H, W]
  at::Tensor images_sum_;  // [F, B, C, H, W]
  // Of differences from the first sample: sums of squares of numbers much larger than the spread would
  // lose it.
  at::Tensor first_;         // [F, B, C, H, W]
  at::Tensor apart_;         // [F, B, C, H, W], their sum, double
  at::Tensor apart_square_;  // [F, B], the sum of their mean squares, double
  std::vector<Totals> totals_;
  int64_t samples_ = 0;
};

}  // namespace savp
