#include "evaluation/intervals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace savp {
namespace {

// Of many values of a normal distribution: the mean and 1.96 standard errors on both sides.
TEST(Intervals, AreThoseOfTheory) {
  std::mt19937 engine(1);
  std::normal_distribution<double> normal(3, 2);
  std::vector<double> values(400);
  for (auto& value : values) value = normal(engine);
  const auto found = mean_interval(values);
  double square = 0;
  for (const double value : values) square += (value - found.value) * (value - found.value) / 400;
  const double error = std::sqrt(square / 400);
  ASSERT_TRUE(found.low && found.high);
  EXPECT_NEAR(*found.low, found.value - 1.96 * error, 0.15 * error);
  EXPECT_NEAR(*found.high, found.value + 1.96 * error, 0.15 * error);
}

TEST(Intervals, OfColumnsAreThoseOfEachColumn) {
  const std::vector<std::vector<float>> rows = {{1, 10}, {2, 30}, {4, 20}};
  const auto found = mean_intervals(rows);
  ASSERT_EQ(found.size(), 2U);
  const auto second = mean_interval({10, 30, 20});
  EXPECT_DOUBLE_EQ(found[1].value, 20);
  EXPECT_DOUBLE_EQ(*found[1].low, *second.low);
  EXPECT_DOUBLE_EQ(*found[1].high, *second.high);
}

// Two metrics that differ by a constant differ by it in every draw.
TEST(Intervals, AreOfTheSameDraws) {
  const auto a = mean_interval({1, 5, 2, 8}), b = mean_interval({11, 15, 12, 18});
  EXPECT_DOUBLE_EQ(*b.low - *a.low, 10);
  EXPECT_DOUBLE_EQ(*b.high - *a.high, 10);
}

TEST(Intervals, AreNotThereForOneVideoOrWithoutNumbers) {
  EXPECT_FALSE(mean_interval({3}).low);
  EXPECT_FALSE(mean_interval({3, INFINITY}).low);
  EXPECT_FALSE(mean_interval({3, NAN}).high);
  EXPECT_EQ(mean_interval({3}).value, 3);
}

}  // namespace
}  // namespace savp
