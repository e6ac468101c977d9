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
  const auto measure = metric.start();
  EXPECT_FALSE(measure->finish().defined());
  double expected = 0;
  for (int i = 0; i < 13; ++i) {
    measure->add(torch::full({2, 1, 3, 4, 4}, static_cast<double>(i * i)));
    if (i > 0 && i <= 10) expected += (2.0 * i - 1) / 10;
  }
  EXPECT_TRUE(torch::allclose(measure->finish(), torch::full({2, 1}, expected)));
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
  EXPECT_EQ(collector.videos_seen(), 3 + 9);
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
