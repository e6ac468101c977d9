// The smallest, mean and largest value of every metric over n samples of the same videos, and the pictures
// behind them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "metrics/metric_set.h"

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
  at::Tensor samples;  // [S, B], the mean over the predicted frames of each
  const Aggregate& operator[](Subtask subtask) const;
};

struct VideoSummary {
  const VideoMetric* metric;
  at::Tensor values;  // [F, B]
  at::Tensor ranks;   // of the truth among the samples, [F, B]; undefined unless the metric ranks it
};

// Smallest and largest are whole sequences: per video and metric, the sample whose mean over the predicted
// frames is smallest or largest, the first of equals. A mean that is not a number is neither, but poisons
// `avg`; where no sample has a mean, the values stay infinite and the pictures black.
class SampleStatistics {
 public:
  // truth [T, B, C, H, W]; its last T - context_frames frames are what is compared. The metrics of frames and
  // of videos are measured; the set must live longer, and longer than what summary() and of_videos() give.
  SampleStatistics(const at::Tensor& truth, int64_t context_frames,
                   const MetricSet& metrics = basic_metrics());

  // Further samples, [F or more, S * B, C, H, W], of which the last F frames count: sample s of video b has
  // index s * B + b.
  void add(const at::Tensor& images);

  // One row a metric of frames, in the set's order. A single sample is its own smallest and largest, whatever
  // it is.
  std::vector<MetricSummary> summary() const;

  // One row a metric of videos, those left out that there are too few samples for.
  std::vector<VideoSummary> of_videos() const;

  // What is compared with, [F, B, C, H, W], and the first samples, at most kShown, [F, B, C, H, W] each.
  at::Tensor truth() const { return truth_.squeeze(1); }
  const std::vector<at::Tensor>& shown() const { return shown_; }
  static constexpr size_t kShown = 3;

 private:
  struct Totals {
    const Metric* metric;
    at::Tensor sum;  // [F, B]
    Aggregate max, min;
    std::vector<at::Tensor> means = {};  // [S, B] each
  };

  at::Tensor truth_;       // [F, 1, B, C, H, W]
  at::Tensor images_sum_;  // [F, B, C, H, W]
  const MetricSet& metrics_;
  std::vector<std::unique_ptr<VideoMeasure>> of_videos_;  // one a metric of videos
  std::vector<Totals> totals_;
  std::vector<at::Tensor> shown_;
  int64_t samples_ = 0;
};

}  // namespace savp
