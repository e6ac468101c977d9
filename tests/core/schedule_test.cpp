#include "core/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace savp {
namespace {

TEST(Schedule, LinearIsFlatOutsideItsSteps) {
  const auto s = schedule::linear(1.0, 0.5, 100, 300);
  EXPECT_DOUBLE_EQ(s(0), 1.0);
  EXPECT_DOUBLE_EQ(s(100), 1.0);
  EXPECT_DOUBLE_EQ(s(200), 0.75);
  EXPECT_DOUBLE_EQ(s(1000), 0.5);
}

TEST(Schedule, LinearOfNoLengthIsAJump) {
  const auto s = schedule::linear(1.0, 0.0, 100, 100);
  EXPECT_DOUBLE_EQ(s(99), 1.0);
  EXPECT_DOUBLE_EQ(s(100), 0.0);
}

TEST(Schedule, TenthsKeepTheValueAtTheBoundary) {
  const auto s = schedule::tenths(2.0, {10, 20});
  EXPECT_DOUBLE_EQ(s(10), 2.0);
  EXPECT_NEAR(s(11), 0.2, 1e-12);
  EXPECT_NEAR(s(21), 0.02, 1e-12);
}

TEST(Schedule, InverseSigmoidFallsFromOneAndDoesNotOverflow) {
  const auto s = schedule::inverse_sigmoid(900.0, 1000);
  EXPECT_DOUBLE_EQ(s(999), 1.0);
  EXPECT_NEAR(s(1000), 900.0 / 901.0, 1e-12);
  EXPECT_DOUBLE_EQ(s(100000000), 0.0);
}

TEST(Schedule, SigmoidGrowsToItsValue) {
  const auto s = schedule::sigmoid(2.0, 1000.0);
  EXPECT_NEAR(s(0), 2.0 / 1001.0, 1e-12);
  EXPECT_NEAR(s(100000), 2.0, 1e-9);
}

}  // namespace
}  // namespace savp
