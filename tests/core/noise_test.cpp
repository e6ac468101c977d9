#include "savp/core/noise.h"

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

}  // namespace
}  // namespace savp
