#include "metrics/metric_set.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace savp {
namespace {

TEST(MetricNames, HaveTraits) {
  for (const auto& [name, text] : EnumNames<MetricName>::kTable) {
    EXPECT_EQ(traits_of(name).name, name);
    EXPECT_EQ(find_traits(text), &traits_of(name));
  }
  EXPECT_EQ(find_traits("madness"), nullptr);
}

TEST(NeighbourDiversity, IsTheMeanOfTheFirstTenPairs) {
  const auto metric = neighbour_diversity([](const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().mean({-3, -2, -1});
  });
  const auto measure = metric.start({});
  EXPECT_FALSE(measure->finish().defined());
  double expected = 0;
  for (int i = 0; i < 13; ++i) {
    measure->add(torch::full({2, 1, 3, 4, 4}, static_cast<double>(i * i)));
    if (i > 0 && i <= 10) expected += (2.0 * i - 1) / 10;
  }
  EXPECT_TRUE(torch::allclose(measure->finish(), torch::full({2, 1}, expected)));
}

at::Tensor measured(const VideoMetric& metric, const at::Tensor& truth,
                    const std::vector<at::Tensor>& samples) {
  const auto measure = metric.start(truth);
  for (const auto& sample : samples) measure->add(sample);
  return measure->finish();
}

TEST(Sharpness, IsTheGradientEnergyOverThatOfTheTruth) {
  torch::manual_seed(1);
  const auto truth = torch::rand({3, 2, 3, 16, 16});
  EXPECT_TRUE(torch::allclose(measured(sharpness(), truth, {truth, truth}), torch::ones({3, 2})));
  // Half the contrast has a quarter of the energy.
  EXPECT_TRUE(torch::allclose(measured(sharpness(), truth, {truth, 0.5 * truth + 0.2}),
                              torch::full({3, 2}, (1 + 0.25) / 2), 1e-4));
  const auto blurred = torch::avg_pool2d(truth.flatten(0, 1), 3, 1, 1).view(truth.sizes());
  EXPECT_LT(measured(sharpness(), truth, {blurred}).max().item<double>(), 0.5);
  const auto flat = torch::zeros({1, 1, 1, 8, 8});
  EXPECT_NEAR(measured(sharpness(), flat, {flat}).item<double>(), 1.0, 1e-6);
}

TEST(Coverage, TellsWhetherTheTruthMightBeASample) {
  torch::manual_seed(2);
  constexpr int64_t kVideos = 400, kSamples = 4;
  std::vector<at::Tensor> members;
  for (int64_t i = 0; i <= kSamples; ++i) members.push_back(torch::randn({1, kVideos, 1, 20, 20}));
  const auto measure = coverage().start(members[0]);
  EXPECT_FALSE(measure->finish().defined());
  for (int64_t i = 1; i <= kSamples; ++i) measure->add(members[i]);
  const auto counts = torch::bincount(measure->ranks().flatten().to(torch::kLong));
  ASSERT_EQ(counts.size(0), kSamples + 1);
  EXPECT_GT(counts.min().item<int64_t>(), kVideos / (kSamples + 1) - 40);  // five deviations of the binomial
  EXPECT_NEAR(measure->finish().mean().item<double>(), 4.0 / 5, 0.1);
}

TEST(Coverage, SeesCollapse) {
  torch::manual_seed(3);
  const auto truth = torch::rand({2, 3, 3, 64, 64}), guess = torch::rand({2, 3, 3, 64, 64});
  std::vector<at::Tensor> alike, spread;
  for (int i = 0; i < 5; ++i) {
    alike.push_back(guess + 0.001 * torch::rand_like(guess));
    spread.push_back(truth + (1.0 + i) * torch::rand_like(guess));
  }
  EXPECT_EQ(measured(coverage(), truth, alike).max().item<double>(), 0.0);
  spread.push_back(truth - 20.0);
  EXPECT_EQ(measured(coverage(), truth, spread).min().item<double>(), 1.0);
}

// The mean of the frames' pixels and the number of frames, so that what was looked at can be told.
at::Tensor marks(const at::Tensor& videos) {
  const auto means = videos.mean({0, 2, 3, 4});
  return torch::stack({means, torch::full_like(means, static_cast<double>(videos.size(0)))}, 1);
}

// Sample s of video b is gray of 10 b + s, its truth of 10 b + 0.5, its context of 0.
FeatureSets collected(bool whole, int64_t at_once) {
  FeatureCollector collector(marks, /*samples=*/3, whole);
  const auto gray = [](double value, int64_t frames) { return torch::full({frames, 1, 1, 2, 2}, value); };
  for (const std::vector<int64_t>& videos : {std::vector<int64_t>{0, 1}, {2}}) {
    std::vector<at::Tensor> truth, futures;
    for (const auto b : videos) truth.push_back(torch::cat({gray(0, 2), gray(10.0 * b + 0.5, 4)}));
    for (int64_t s = 0; s < 5; ++s)
      for (const auto b : videos) futures.push_back(gray(10.0 * b + s, 4));
    collector.begin(torch::cat(truth, 1), 2);
    for (const auto& portion : torch::cat(futures, 1).split(at_once * static_cast<int64_t>(videos.size()), 1))
      collector.add(portion);
  }
  return collector.sets();
}

TEST(FeatureCollector, SeesTheFirstSamplesOfEachVideo) {
  for (const int64_t at_once : {1, 2, 5}) {
    const auto sets = collected(/*whole=*/false, at_once);
    ASSERT_EQ(sets.truth.sizes(), (std::vector<int64_t>{3, 2}));
    ASSERT_EQ(sets.predicted.sizes(), (std::vector<int64_t>{3, 3, 2}));
    EXPECT_EQ(sets.truth[2][0].item<double>(), 20.5);
    EXPECT_EQ(sets.predicted[1][2][0].item<double>(), 12.0);
    EXPECT_EQ(sets.predicted[2][1][1].item<double>(), 4.0);
  }
}

TEST(FeatureCollector, SeesTheContextIfAsked) {
  const auto sets = collected(/*whole=*/true, 2);
  EXPECT_EQ(sets.truth[0][1].item<double>(), 6.0);
  EXPECT_NEAR(sets.predicted[1][2][0].item<double>(), 12.0 * 4 / 6, 1e-5);
}

}  // namespace
}  // namespace savp
