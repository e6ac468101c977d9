#include "core/noise.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace savp {
namespace {

TEST(DeviceNoise, GoesOnFromASavedState) {
  DeviceNoise noise(at::kCPU, 7);
  noise.normal("a", {5});
  const auto state = noise.state();
  const auto expected = noise.uniform("b", {9});
  DeviceNoise resumed(at::kCPU, 1);
  resumed.load(state);
  EXPECT_TRUE(torch::equal(resumed.uniform("b", {9}), expected));
}

TEST(DeviceNoise, SameSeedSameDraws) {
  DeviceNoise a(at::kCPU, 3), b(at::kCPU, 3), c(at::kCPU, 4);
  const auto draw = a.normal("z", {4, 2});
  EXPECT_TRUE(torch::equal(draw, b.normal("z", {4, 2})));
  EXPECT_FALSE(torch::equal(draw, c.normal("z", {4, 2})));
}

TEST(DeviceNoise, IntegersStayBelowTheBound) {
  DeviceNoise noise(at::kCPU, 0);
  const auto draw = noise.integers("t_start", 3, {1000});
  EXPECT_EQ(draw.min().item<int64_t>(), 0);
  EXPECT_EQ(draw.max().item<int64_t>(), 2);
}

// The draws of some rollouts, [steps, samples, videos].
at::Tensor rollouts(const RolloutNoise::Rollouts& which, uint64_t seed = 3, const std::string& name = "z") {
  RolloutNoise noise(at::kCPU, seed, which);
  return noise.normal(name, {4, which.samples * which.videos}).view({4, which.samples, which.videos});
}

TEST(RolloutNoise, ARolloutHasItsOwnStream) {
  const auto all = rollouts({.videos = 3, .samples = 5});
  EXPECT_TRUE(torch::equal(rollouts({.first_video = 2, .videos = 1, .first_sample = 1, .samples = 3}),
                           all.slice(1, 1, 4).slice(2, 2, 3)));
  const auto flat = std::get<0>(all.flatten().sort());
  EXPECT_TRUE(flat.diff().gt(0).all().item<bool>()) << "two rollouts have the same draws";
  EXPECT_FALSE(torch::equal(all, rollouts({.videos = 3, .samples = 5}, 4)));
  EXPECT_FALSE(torch::equal(all, rollouts({.videos = 3, .samples = 5}, 3, "eps")));
}

TEST(RolloutNoise, IsDistributedAsItSays) {
  RolloutNoise noise(at::kCPU, 1, {.videos = 10, .samples = 10});
  const auto normal = noise.normal("n", {200, 100}), uniform = noise.uniform("u", {200, 100});
  EXPECT_NEAR(normal.mean().item<double>(), 0, 0.03);
  EXPECT_NEAR(normal.std().item<double>(), 1, 0.03);
  EXPECT_NEAR(normal.pow(4).mean().item<double>(), 3, 0.3);
  EXPECT_NEAR((normal.slice(0, 1) * normal.slice(0, 0, -1)).mean().item<double>(), 0, 0.03);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.01);
  EXPECT_GE(uniform.min().item<double>(), 0);
  EXPECT_LT(uniform.max().item<double>(), 1);
  const auto integers = noise.integers("i", 3, {10, 100});
  EXPECT_EQ(integers.min().item<int64_t>(), 0);
  EXPECT_EQ(integers.max().item<int64_t>(), 2);
}

TEST(RolloutNoise, WantsTheRolloutsOnTheSecondAxis) {
  RolloutNoise noise(at::kCPU, 1, {.videos = 2, .samples = 3});
  EXPECT_ANY_THROW(noise.normal("n", {6, 4}));
  EXPECT_EQ(noise.normal("n", {1, 6, 2, 3}).sizes(), (at::IntArrayRef{1, 6, 2, 3}));
}

}  // namespace
}  // namespace savp
