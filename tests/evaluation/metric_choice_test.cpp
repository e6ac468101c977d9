#include "evaluation/metric_choice.h"

#include <torch/types.h>

#include "checkpoints/metric_networks.h"
#include "core/error.h"
#include "io/sha256.h"
#include "metrics/i3d.h"
#include "metrics/lpips.h"
#include "nn/alex_net.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

constexpr MeasuredVideos kVideos{.height = 64, .width = 64, .frames = 10, .videos = 4, .samples = 5};

std::vector<std::string> names_of(const MetricSet& set) {
  std::vector<std::string> names;
  for (const auto& metric : set.per_frame) names.push_back(metric.name);
  for (const auto& metric : set.per_video) names.push_back(metric.name);
  for (const auto& metric : set.per_set) names.push_back(metric.name);
  return names;
}

class Choice : public ScratchTest {
 protected:
  MetricSet choose(std::vector<MetricName> names, const MeasuredVideos& videos = kVideos) const {
    return choose_metrics({std::move(names), folder_.string()}, videos, at::kCPU);
  }
  template <class ErrorType>
  std::string refusal(MetricName name, const MeasuredVideos& videos = kVideos) const {
    return message_of<ErrorType>([&] { choose({name}, videos); });
  }
  // Random weights, as a file.
  void write_alex() const {
    torch::manual_seed(0);
    auto variables = Lpips(std::make_shared<nn::AlexNet>()).variables();
    for (auto& variable : variables) variable.second = torch::rand_like(variable.second) * 0.05;
    write_variables(folder_ / "lpips_alex.safetensors", variables, {});
  }
};

TEST_F(Choice, WithoutNetworksTheUsualOnesAreThoseThatNeedNone) {
  EXPECT_EQ(names_of(choose({})),
            (std::vector<std::string>{"psnr", "mse", "ssim", "pixel_diversity", "sharpness", "coverage"}));
  auto videos = kVideos;
  videos.height = 10;
  videos.samples = 1;
  EXPECT_EQ(names_of(choose({}, videos)), (std::vector<std::string>{"psnr", "mse", "sharpness"}));
}

TEST_F(Choice, WhatIsThereIsMeasured) {
  write_alex();
  EXPECT_EQ(names_of(choose({})), (std::vector<std::string>{"psnr", "mse", "ssim", "lpips", "diversity",
                                                            "pixel_diversity", "sharpness", "coverage"}));
  EXPECT_EQ(names_of(choose({MetricName::kLpips, MetricName::kMse})),
            (std::vector<std::string>{"mse", "lpips"}));
}

// As the original has it: negated, so that the largest is the best.
TEST_F(Choice, LpipsIsNegated) {
  write_alex();
  const auto set = choose({MetricName::kLpips});
  EXPECT_TRUE(set.per_frame.at(0).higher_is_better);
  const auto a = torch::rand({2, 3, 32, 32});
  EXPECT_EQ(set.per_frame[0].measure(a, a).max().item<double>(), 0.0);
  EXPECT_LT(set.per_frame[0].measure(a, torch::rand_like(a)).max().item<double>(), 0.0);
}

TEST_F(Choice, AMissingNetworkIsNamedWithTheCommandThatGetsIt) {
  for (const auto name : {MetricName::kLpips, MetricName::kLpipsVgg, MetricName::kFvd, MetricName::kKvd}) {
    EXPECT_CONTAINS(refusal<DataError>(name), "scripts/fetch_metric_weights.sh");
    EXPECT_CONTAINS(refusal<DataError>(name), folder_.string());
  }
}

TEST_F(Choice, ADamagedNetworkIsAnError) {
  write("lpips_alex.safetensors", "nonsense");
  EXPECT_CONTAINS(refusal<DataError>(MetricName::kLpips), "lpips_alex.safetensors");
}

TEST_F(Choice, VideosThatCannotBeMeasuredAreRefused) {
  auto videos = kVideos;
  videos.frames = 8;
  EXPECT_CONTAINS(refusal<UsageError>(MetricName::kFvd, videos), "at least 9 frames");
  videos = kVideos;
  videos.videos = 1;
  EXPECT_CONTAINS(refusal<UsageError>(MetricName::kKvd, videos), "at least 2 sequences");
  videos = kVideos;
  videos.width = 30;
  EXPECT_CONTAINS(refusal<UsageError>(MetricName::kLpips, videos), "31x31");
  videos.samples = 1;
  for (const auto name : {MetricName::kPixelDiversity, MetricName::kCoverage})
    EXPECT_CONTAINS(refusal<UsageError>(name, videos), "2 futures");
}

TEST_F(Choice, FactsNameNetworksAndDefinitions) {
  write_alex();
  const auto set = choose({MetricName::kPsnr, MetricName::kLpips, MetricName::kDiversity});
  const auto digest = sha256_of_file(folder_ / "lpips_alex.safetensors");
  EXPECT_EQ(set.networks, (std::map<std::string, std::string>{{"lpips_alex.safetensors", digest}}));
  const auto facts = facts_of(set);
  ASSERT_EQ(facts.size(), 3U);
  EXPECT_EQ(facts[0].unit, "dB");
  EXPECT_EQ(facts[0].network, "");
  EXPECT_EQ(facts[1].network, digest);
  EXPECT_EQ(facts[1].kind, "frame");
  EXPECT_EQ(facts[2].kind, "video");
  EXPECT_EQ(facts[2].better, "none");
  for (const auto& fact : facts) EXPECT_FALSE(fact.definition.empty());
}

// What fvd and kvd depend on stands in their definitions, which make their fingerprints.
TEST_F(Choice, DefinitionsOfFvdTellAllThatSetsItsVideos) {
  NamedTensors variables;
  I3d network;
  for (const auto& item : network.named_parameters()) variables.emplace_back(item.key(), item.value());
  write_variables(folder_ / "i3d_kinetics400.safetensors", variables, {});
  const auto definition = [&](const MetricDefinitions& how) {
    const MetricChoice choice{{MetricName::kFvd}, folder_.string(), 0, how};
    return facts_of(choose_metrics(choice, kVideos, at::kCPU)).at(0).definition;
  };
  EXPECT_CONTAINS(definition({}), "predicted frames; 1 future of each sequence");
  EXPECT_CONTAINS(definition({.fvd_samples = 3}), "predicted frames; 3 futures of each sequence");
  EXPECT_CONTAINS(definition({.fvd_context = true}), "context and predicted frames; 1 future");
  EXPECT_NE(definition({.fvd = FvdInput::kUnrounded}), definition({}));
}

}  // namespace
}  // namespace savp
