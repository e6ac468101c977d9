#include "metrics/metric_set.h"

#include <ATen/ATen.h>

#include <chrono>
#include <utility>

namespace savp {
namespace {

using at::Tensor;
using Distance = std::function<Tensor(const Tensor& a, const Tensor& b)>;

VideoMetric video_metric(MetricName name, std::function<std::unique_ptr<VideoMeasure>()> start) {
  const auto& traits = traits_of(name);
  return {enum_name(name), traits.better, traits.decimals, std::move(start)};
}

// The variance of the samples' pixels: the mean square less the square of the mean, both counted from the
// first sample, since sums of squares of numbers much larger than the spread would lose it. Two samples
// differ by twice that, and n / (n - 1) leaves out the pairs of a sample with itself.
class PixelDiversity : public VideoMeasure {
 public:
  void add(const Tensor& sample) override {
    if (samples_++ == 0) {
      first_ = sample.clone();
      apart_ = at::zeros_like(sample, sample.options().dtype(at::kDouble));
      apart_square_ = at::zeros({sample.size(0), sample.size(1)}, apart_.options());
    }
    const auto apart = (sample - first_).to(at::kDouble);
    apart_ += apart;
    apart_square_ += apart.square().mean({2, 3, 4});
  }

  Tensor finish() const override {
    if (samples_ < 2) return {};
    const auto count = static_cast<double>(samples_);
    const auto square_of_mean = (apart_ / count).square().mean({2, 3, 4});
    const auto variance = (apart_square_ / count - square_of_mean).clamp_min(0);
    return (2 * count / (count - 1) * variance).sqrt().to(at::kFloat);
  }

 private:
  Tensor first_;         // [F, B, C, H, W]
  Tensor apart_;         // [F, B, C, H, W], the sum of differences from it, double
  Tensor apart_square_;  // [F, B], the sum of their mean squares, double
  int64_t samples_ = 0;
};

class NeighbourDiversity : public VideoMeasure {
 public:
  explicit NeighbourDiversity(Distance distance) : distance_(std::move(distance)) {}

  void add(const Tensor& sample) override {
    constexpr int64_t kPairs = 10;
    if (last_.defined() && pairs_ < kPairs) {
      const auto apart = distance_(last_, sample);
      sum_ = sum_.defined() ? sum_ + apart : apart;
      ++pairs_;
    }
    last_ = sample.clone();
  }

  Tensor finish() const override { return pairs_ == 0 ? Tensor() : sum_ / static_cast<double>(pairs_); }

 private:
  Distance distance_;
  Tensor last_;  // [F, B, C, H, W]
  Tensor sum_;   // [F, B]
  int64_t pairs_ = 0;
};

}  // namespace

VideoMetric pixel_diversity() {
  return video_metric(MetricName::kDiversity, [] { return std::make_unique<PixelDiversity>(); });
}

VideoMetric neighbour_diversity(Distance distance) {
  return video_metric(MetricName::kLpipsDiversity, [distance = std::move(distance)] {
    return std::make_unique<NeighbourDiversity>(distance);
  });
}

const MetricSet& basic_metrics() {
  static const MetricSet kBasic{metrics(), {pixel_diversity()}, {}, {}};
  return kBasic;
}

FeatureCollector::FeatureCollector(VideoFeatures features, int64_t samples, bool whole)
    : features_(std::move(features)), samples_(samples), whole_(whole) {}

Tensor FeatureCollector::looked_at(const Tensor& videos) {
  const auto begin = std::chrono::steady_clock::now();
  auto features = features_(whole_ ? at::cat({context_, videos}) : videos).cpu();
  seen_ += videos.size(1);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return features;
}

void FeatureCollector::begin(const Tensor& truth, int64_t context_frames) {
  context_ = truth.slice(0, 0, context_frames);
  truth_.push_back(looked_at(truth.slice(0, context_frames)));
  predicted_.emplace_back();
}

void FeatureCollector::add(const Tensor& futures) {
  auto& found = predicted_.back();
  for (const auto& sample : futures.split(context_.size(1), 1))
    if (static_cast<int64_t>(found.size()) < samples_) found.push_back(looked_at(sample));
}

FeatureSets FeatureCollector::sets() const {
  std::vector<Tensor> predicted;
  for (const auto& of_videos : predicted_) predicted.push_back(at::stack(of_videos, 1));
  return {at::cat(truth_), at::cat(predicted)};
}

}  // namespace savp
