// Worst, mean and best of many futures, for summaries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/video.h"
#include "evaluation/statistics.h"
#include "models/generator.h"

namespace savp {

// Numbers by name ("psnr/max", "diversity"), each with one for each predicted frame.
using NamedCurves = std::vector<std::pair<std::string, std::vector<double>>>;

// `samples` futures of each of a batch's videos, one of a model without latents, against what happened.
// context: frames shown. first_video: the number of the batch's first video, which draws depend on, and on
// nothing else. Nothing where the user asked to stop.
std::optional<SampleStatistics> evaluate_samples(Generator& generator, const Batch& batch, int64_t context,
                                                 int64_t samples, int64_t first_video,
                                                 const MetricSet& metrics);

// Averaged over the videos.
NamedCurves curves_of(const SampleStatistics& statistics);

// The mean of those that were added, which have the same names in the same order.
class CurveMean {
 public:
  void add(const NamedCurves& curves);
  bool empty() const { return count_ == 0; }
  NamedCurves operator()() const;

 private:
  NamedCurves sum_;
  int64_t count_ = 0;
};

}  // namespace savp
