#include "evaluation/statistics.h"

#include <ATen/ATen.h>

#include <limits>

#include "core/error.h"

namespace savp {
namespace {

using at::Tensor;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What is sought, as the sign under which it is the largest.
constexpr double kLargest = 1.0, kSmallest = -1.0;

// A start that every sequence with a mean beats.
Aggregate nothing_yet(const Tensor& truth, double sought) {
  return {at::full({truth.size(0), truth.size(1)}, -sought * kInfinity, truth.options()),
          at::zeros_like(truth), at::full({truth.size(1)}, -1, truth.options().dtype(at::kLong))};
}

// Lets the best of some samples, values [F, S, B] and images [F, S, B, C, H, W], replace the best so far.
void consider(Aggregate& best, double sought, const Tensor& values, const Tensor& images,
              int64_t first_sample) {
  const auto score = (sought * values.mean(0)).nan_to_num(-kInfinity, kInfinity, -kInfinity);  // [S, B]
  const auto index = score.argmax(0);                                                          // [B]
  const auto video = at::arange(index.size(0), index.options());
  const std::vector<at::indexing::TensorIndex> chosen = {at::indexing::Slice(), index, video};
  const auto candidate = values.index(chosen);  // [F, B]
  const auto mean = sought * candidate.mean(0), best_mean = sought * best.values.mean(0);
  const auto wins = (mean > best_mean).logical_or(best.sample.lt(0).logical_and(mean.isnan().logical_not()));
  best.values = at::where(wins, candidate, best.values);
  best.images = at::where(wins.view({-1, 1, 1, 1}), images.index(chosen), best.images);
  best.sample = at::where(wins, index + first_sample, best.sample);
}

}  // namespace

const Aggregate& MetricSummary::operator[](Subtask subtask) const {
  switch (subtask) {
    case Subtask::kMax:
      return max;
    case Subtask::kAvg:
      return avg;
    case Subtask::kMin:
      return min;
  }
  throw std::logic_error("an unknown subtask");
}

SampleStatistics::SampleStatistics(const Tensor& truth, int64_t context_frames, const MetricSet& metrics)
    : metrics_(metrics) {
  SAVP_CHECK(context_frames < truth.size(0), UsageError, "nothing to compare: ", truth.size(0),
             " frames, all of them context: raise sequence_length above context_frames (", context_frames,
             ")");
  const auto future = truth.slice(0, context_frames);
  truth_ = future.unsqueeze(1);
  images_sum_ = at::zeros_like(future);
  for (const VideoMetric& metric : metrics.per_video) of_videos_.push_back(metric.start(future));
  for (const Metric& metric : metrics.per_frame)
    totals_.push_back({&metric, at::zeros({future.size(0), future.size(1)}, future.options()),
                       nothing_yet(future, kLargest), nothing_yet(future, kSmallest)});
}

void SampleStatistics::add(const Tensor& images) {
  const auto frames = truth_.size(0), videos = truth_.size(2);
  TORCH_CHECK(images.size(0) >= frames && images.size(1) % videos == 0, "samples ", images.sizes(),
              " of videos ", truth_.sizes());
  auto sizes = truth_.sizes().vec();
  sizes[1] = images.size(1) / videos;
  const auto samples = images.slice(0, images.size(0) - frames).reshape(sizes);  // [F, S, B, C, H, W]
  for (const auto& sample : samples.unbind(1)) {  // one by one: sums do not depend on how they are divided
    images_sum_ += sample;
    for (const auto& measure : of_videos_) measure->add(sample);
    if (shown_.size() < kShown) shown_.push_back(sample.clone());
  }
  for (Totals& totals : totals_) {
    const auto values = totals.metric->measure(truth_, samples);  // [F, S, B]
    totals.sum += values.sum(1);
    totals.means.push_back(values.mean(0));
    consider(totals.max, kLargest, values, samples, samples_);
    consider(totals.min, kSmallest, values, samples, samples_);
  }
  samples_ += sizes[1];
}

std::vector<MetricSummary> SampleStatistics::summary() const {
  TORCH_CHECK(samples_ > 0, "no samples to summarise");
  const auto count = static_cast<double>(samples_);
  const auto mean_images = images_sum_ / count;
  std::vector<MetricSummary> rows;
  for (const Totals& totals : totals_) {
    const Aggregate avg{totals.sum / count, mean_images, {}};
    const auto samples = at::cat(totals.means);
    rows.push_back(samples_ == 1 ? MetricSummary{totals.metric, avg, avg, avg, samples}
                                 : MetricSummary{totals.metric, totals.max, avg, totals.min, samples});
  }
  return rows;
}

std::vector<VideoSummary> SampleStatistics::of_videos() const {
  std::vector<VideoSummary> rows;
  for (size_t i = 0; i < of_videos_.size(); ++i)
    if (auto values = of_videos_[i]->finish(); values.defined())
      rows.push_back({&metrics_.per_video[i], std::move(values), of_videos_[i]->ranks()});
  return rows;
}

}  // namespace savp
