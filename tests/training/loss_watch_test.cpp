#include "training/loss_watch.h"

#include <gtest/gtest.h>

#include <limits>

namespace savp {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

StepLosses losses(double g_loss, double l1 = 1, bool skipped = false) {
  return {.sums = {{"g_loss", g_loss}, {"d_loss", 0.5}}, .terms = {{"gen_l1_loss", l1}}, .skipped = skipped};
}

LossWatch after(int64_t good_steps, double g_loss = 2) {
  LossWatch watch(0);
  for (int64_t step = 1; step <= good_steps; ++step) watch.add(step, losses(g_loss));
  return watch;
}

TEST(LossWatch, CountsBadStepsInARowAndNamesTheTerm) {
  auto watch = after(3);
  EXPECT_EQ(watch.bad_steps(), 0);
  EXPECT_EQ(watch.good_step(), 3);
  watch.add(4, losses(kNaN, kNaN, true));
  EXPECT_EQ(watch.complaint(), "gen_l1_loss is nan");
  watch.add(5, losses(-kInfinity, 1, true));
  EXPECT_EQ(watch.complaint(), "g_loss is -inf");
  watch.add(6, losses(2, 1, true));
  EXPECT_EQ(watch.complaint(), "gradients are not finite");
  EXPECT_EQ(watch.bad_steps(), 3);
  EXPECT_EQ(watch.good_step(), 3);
  watch.add(7, losses(2));
  EXPECT_EQ(watch.bad_steps(), 0);
  EXPECT_EQ(watch.skipped_steps(), 3);
  EXPECT_EQ(watch.good_step(), 7);
}

TEST(LossWatch, AbsurdIsAMillionTimesTheRunningMedian) {
  auto watch = after(5, -2);
  watch.add(6, losses(1.9e6));
  EXPECT_EQ(watch.bad_steps(), 0);
  for (int64_t step = 7; step < 300; ++step) watch.add(step, losses(3e6, 2.5e6));
  EXPECT_EQ(watch.bad_steps(), 293) << "it gets used to nothing absurd";
  EXPECT_EQ(watch.complaint().rfind("g_loss is 3e+06, 1.5e+06 times its running median (gen_l1_loss is", 0),
            0U)
      << watch.complaint();
  EXPECT_EQ(watch.skipped_steps(), 0);
}

// A loss that anneals by more than a million in all is no such thing.
TEST(LossWatch, GrowthOverManyStepsIsFine) {
  LossWatch watch(0);
  double g_loss = 1e-5;
  for (int64_t step = 1; step <= 2000; ++step) {
    watch.add(step, losses(g_loss *= 1.02));
    ASSERT_EQ(watch.bad_steps(), 0) << step;
  }
}

TEST(LossWatch, NothingIsAbsurdBesideNothing) {
  auto watch = after(200, 0);
  watch.add(201, losses(0.9));
  EXPECT_EQ(watch.bad_steps(), 0);
}

TEST(RunningMedian, IsOfTheLastValues) {
  RunningMedian median(3);
  for (const double value : {100.0, 100.0, 1.0, 5.0, 3.0}) median.add(value);
  EXPECT_EQ(median(), 3.0);
}

}  // namespace
}  // namespace savp
