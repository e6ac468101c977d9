#include "golden_runner/comparison.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <limits>

namespace savp::golden {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(),
                 kInfinity = std::numeric_limits<double>::infinity();

Tensor values(std::vector<float> list) { return torch::tensor(list); }

TEST(Comparison, PassesUpToTheTolerance) {
  Comparison comparison;
  comparison.compare("x", values({1.0F, 2.25F}), values({1.0F, 2.0F}), 0.25);
  EXPECT_TRUE(comparison.passed()) << comparison.summary();
  EXPECT_EQ(comparison.summary(), "worst=x err=1");
}

TEST(Comparison, OneWrongElementFails) {
  Comparison comparison;
  comparison.compare("right", values({1.0F, 2.0F}), values({1.0F, 2.0F}), 0.1);
  comparison.compare("wrong", values({1.0F, 2.2F}), values({1.0F, 2.0F}), 0.1);
  comparison.compare("right too", values({1.0F}), values({1.05F}), 0.1);
  EXPECT_FALSE(comparison.passed());
  EXPECT_EQ(comparison.summary().rfind("worst=wrong err=2", 0), 0U) << comparison.summary();
}

TEST(Comparison, NothingComparedFails) {
  Comparison comparison;
  EXPECT_FALSE(comparison.passed());
}

TEST(Comparison, WhatIsLeftOutIsCountedAndPassesNothing) {
  Comparison comparison;
  EXPECT_FALSE(comparison.only_left_out());
  comparison.leave_out("no counterpart (n=5)");
  comparison.leave_out("no counterpart (n=6)");
  EXPECT_TRUE(comparison.only_left_out());
  EXPECT_FALSE(comparison.passed());
  EXPECT_EQ(comparison.left_out(), 2);
  EXPECT_NE(comparison.summary().find("2 left out: no counterpart (n=5)"), std::string::npos);
  comparison.agree("i=5");
  EXPECT_TRUE(comparison.passed());
  EXPECT_FALSE(comparison.only_left_out());
}

TEST(Comparison, AMissingTensorFails) {
  Comparison comparison;
  comparison.compare("there", values({1.0F}), values({1.0F}), 0.1);
  comparison.compare("grads/kernel", Tensor(), values({1.0F}), 0.1);
  EXPECT_FALSE(comparison.passed());
  EXPECT_NE(comparison.summary().find("grads/kernel is missing"), std::string::npos);
}

TEST(Comparison, AnotherShapeFails) {
  Comparison comparison;
  comparison.compare("x", torch::zeros({2, 3}), torch::zeros({3, 2}), 0.1);
  EXPECT_FALSE(comparison.passed());
  EXPECT_NE(comparison.summary().find("x has the shape [2, 3] instead of [3, 2]"), std::string::npos);
}

TEST(Comparison, ScalarsMayHaveOneElement) {
  Comparison comparison;
  comparison.compare("loss", torch::tensor(3.0F), values({3.0F}), 0.0);
  EXPECT_TRUE(comparison.passed());
}

TEST(Comparison, WhatIsNotFiniteFailsUnlessRecordedSo) {
  const auto passes = [](double actual, double expected) {
    Comparison comparison;
    comparison.compare("x", torch::tensor({actual, 1.0}), torch::tensor({expected, 1.0}), 1e9);
    return comparison.passed();
  };
  EXPECT_FALSE(passes(kNan, 1.0));
  EXPECT_FALSE(passes(kInfinity, 1.0));
  EXPECT_FALSE(passes(1.0, kNan));
  EXPECT_FALSE(passes(1.0, kInfinity));
  EXPECT_FALSE(passes(-kInfinity, kInfinity));
  EXPECT_TRUE(passes(kNan, kNan));
  EXPECT_TRUE(passes(kInfinity, kInfinity));
}

TEST(Comparison, ZeroToleranceWantsTheSameValue) {
  Comparison same, other;
  same.compare("x", values({0.0F}), values({0.0F}), 0.0);
  other.compare("x", values({1e-30F}), values({0.0F}), 0.0);
  EXPECT_TRUE(same.passed());
  EXPECT_FALSE(other.passed());
}

TEST(Comparison, EachElementMayHaveItsOwnTolerance) {
  Comparison comparison;
  comparison.compare("x", values({1.0F, 2.0F}), values({1.5F, 2.0F}), values({1.0F, 0.0F}));
  EXPECT_TRUE(comparison.passed()) << comparison.summary();
  comparison.compare("y", values({1.0F, 2.5F}), values({1.0F, 2.0F}), values({1.0F, 0.1F}));
  EXPECT_FALSE(comparison.passed());
}

TEST(Comparison, AProblemFailsWhateverTheNumbers) {
  Comparison comparison;
  comparison.compare("x", values({1.0F}), values({1.0F}), 0.1);
  comparison.problem("a loss that the case does not know");
  EXPECT_FALSE(comparison.passed());
}

TEST(Comparison, WhatIsOutOfToleranceMayBeJudgedByAnother) {
  Comparison comparison, near, far;
  comparison.compare("a", values({1.4F}), values({1.0F}), 0.5);
  comparison.compare("b", values({2.0F}), values({1.0F}), 0.5);
  near.compare("a", values({1.0F}), values({1.0F}), 0.5);
  near.compare("b", values({1.25F}), values({1.0F}), 0.5);
  far.compare("b", values({3.0F}), values({1.0F}), 0.5);
  auto judged = comparison;
  judged.judge_by(far);
  EXPECT_FALSE(judged.passed());
  judged = comparison;
  judged.judge_by(near);
  judged.remark("by another");
  EXPECT_TRUE(judged.passed());
  EXPECT_EQ(judged.summary(), "worst=a err=0.8; by another");
  EXPECT_EQ(judged.lines()[1].rfind("  kink  b", 0), 0U) << judged.lines()[1];
}

TEST(Comparison, ListsEveryTensor) {
  Comparison comparison;
  comparison.compare("a", values({1.0F}), values({1.0F}), 0.1);
  comparison.compare("b", values({2.0F}), values({1.0F}), 0.1);
  ASSERT_EQ(comparison.lines().size(), 2U);
  EXPECT_EQ(comparison.lines()[0].rfind("  ok    a", 0), 0U);
  EXPECT_EQ(comparison.lines()[1].rfind("  WRONG b", 0), 0U);
}

}  // namespace
}  // namespace savp::golden
