#include "metrics/metric_set.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace savp {
namespace {

using at::Tensor;
using Distance = std::function<Tensor(const Tensor& a, const Tensor& b)>;

using Start = std::function<std::unique_ptr<VideoMeasure>(const Tensor& truth)>;
VideoMetric video_metric(MetricName name, Start start) {
  const auto& traits = traits_of(name);
  return {enum_name(name), traits.better, traits.decimals, std::move(start), traits.definition};
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

class Sharpness : public VideoMeasure {
 public:
  explicit Sharpness(const Tensor& truth) : truth_(gradient_energy(truth)) {}

  void add(const Tensor& sample) override {
    constexpr double kTiny = 1e-6;
    const auto ratio = (gradient_energy(sample) + kTiny) / (truth_ + kTiny);
    sum_ = sum_.defined() ? sum_ + ratio : ratio;
    ++samples_;
  }

  Tensor finish() const override { return samples_ == 0 ? Tensor() : sum_ / static_cast<double>(samples_); }

 private:
  Tensor truth_, sum_;  // [F, B]
  int64_t samples_ = 0;
};

class Coverage : public VideoMeasure {
 public:
  explicit Coverage(const Tensor& truth) : members_{small(truth)} {}

  void add(const Tensor& sample) override { members_.push_back(small(sample)); }

  Tensor finish() const override {
    const auto found = ranks();
    if (!found.defined()) return {};
    return found.lt(static_cast<double>(members_.size() - 1)).to(at::kFloat);
  }

  Tensor ranks() const override {
    if (members_.size() < 3) return {};
    const auto all = at::stack(members_).to(at::kFloat);                      // [S + 1, F, B, C, h, w]
    const auto apart = (all - all.mean(0)).square().mean({-3, -2, -1});       // [S + 1, F, B]
    return apart.slice(0, 1).lt(apart.slice(0, 0, 1)).sum(0).to(at::kFloat);  // [F, B]
  }

 private:
  static Tensor small(const Tensor& videos) {
    constexpr int64_t kSide = 16;
    const auto height = std::min(kSide, videos.size(-2)), width = std::min(kSide, videos.size(-1));
    auto sizes = videos.sizes().vec();
    sizes[3] = height, sizes[4] = width;
    return at::adaptive_avg_pool2d(videos.flatten(0, 1), {height, width}).view(sizes);
  }

  std::vector<Tensor> members_;  // the truth, then the samples, [F, B, C, h, w] each
};

}  // namespace

VideoMetric pixel_diversity() {
  return video_metric(MetricName::kPixelDiversity,
                      [](const Tensor&) { return std::make_unique<PixelDiversity>(); });
}

VideoMetric neighbour_diversity(Distance distance) {
  return video_metric(MetricName::kDiversity, [distance = std::move(distance)](const Tensor&) {
    return std::make_unique<NeighbourDiversity>(distance);
  });
}

VideoMetric sharpness() {
  return video_metric(MetricName::kSharpness,
                      [](const Tensor& truth) { return std::make_unique<Sharpness>(truth); });
}

VideoMetric coverage() {
  return video_metric(MetricName::kCoverage,
                      [](const Tensor& truth) { return std::make_unique<Coverage>(truth); });
}

const MetricSet& basic_metrics() {
  static const MetricSet kBasic{metrics(), {pixel_diversity(), sharpness(), coverage()}, {}, {}};
  return kBasic;
}

FeatureCollector::FeatureCollector(VideoFeatures features, int64_t samples, bool whole)
    : features_(std::move(features)), samples_(samples), whole_(whole) {}

Tensor FeatureCollector::looked_at(const Tensor& videos) {
  return features_(whole_ ? at::cat({context_, videos}) : videos).cpu();
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
