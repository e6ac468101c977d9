#include "core/progress.h"

#include <gtest/gtest.h>

#include <sstream>

#include "core/error.h"
#include "core/verbosity.h"

namespace savp {
namespace {

using Values = std::vector<std::pair<std::string, double>>;

const Values kMany = {{"d_loss", 0.25},      {"g_loss", 123.456789},
                      {"gen_l1_loss", 1e-5}, {"gen_video_sn_vae_gan_feature_cdist_loss", 1},
                      {"gen_kl_loss", 2},    {"kl_weight", 0.001}};

std::vector<std::string> printed(const std::function<void()>& body) {
  testing::internal::CaptureStderr();
  body();
  std::istringstream text(testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Progress, TellsSpeedAndTimeLeftAfterTheFirstStepOnAPipeToo) {
  const auto lines = printed([] {
    Progress progress(0, 1000, /*terminal=*/false);
    for (int step = 1; step <= 5; ++step) progress.advance(step);
  });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(has(lines[0], "after the first step: ") && has(lines[0], "ETA ")) << lines[0];
}

TEST(Progress, ReportsStandInColumnsAndFit) {
  for (const size_t columns : {80, 120}) {
    const auto lines = printed([&] {
      Progress progress(0, 1000, /*terminal=*/false, columns);
      progress.advance(1);
      progress.report(1, kMany);
      progress.advance(1000);
      progress.report(1000, {{"d_loss", 12345.678}, {"g_loss", -0.001}});
    });
    ASSERT_EQ(lines.size(), 3U);
    for (const auto& line : lines) EXPECT_LE(line.size(), columns) << line;
    EXPECT_TRUE(has(lines[1], "step    1/1000") && has(lines[1], "ETA ")) << lines[1];
    EXPECT_TRUE(has(lines[1], "d_loss 0.25") && has(lines[1], "g_loss 123.5")) << lines[1];
    EXPECT_EQ(lines[1].find("g_loss"), lines[2].find("g_loss"));
  }
}

TEST(Progress, OnNarrowScreensReportsTakeSeveralLines) {
  for (const size_t columns : {30, 40}) {
    const auto lines = printed([&] {
      Progress progress(0, 300000, /*terminal=*/false, columns);
      progress.advance(5000);
      progress.report(5000, kMany, "3 steps skipped");
    });
    std::string all;
    for (const auto& line : lines) {
      EXPECT_LT(line.size(), columns) << line;
      all += line.substr(line.find_first_not_of(' ')) + " ";
    }
    EXPECT_TRUE(has(all, "step 5000/300000: g_loss 123.5, ETA ") && has(all, " it/s, 3 steps skipped"))
        << all;
  }
}

// It is worth more than a second loss, and than the speed.
TEST(Progress, AReportTellsOfTheRunsHealth) {
  for (const size_t columns : {80, 120}) {
    const auto line = printed([&] {
                        Progress progress(0, 1000, /*terminal=*/false, columns);
                        progress.advance(1000);
                        progress.report(1000, kMany, "3 steps skipped");
                      }).back();
    EXPECT_LE(line.size(), columns) << line;
    for (const auto* text : {"  3 steps skipped", "d_loss 0.25", "ETA "})
      EXPECT_TRUE(has(line, text)) << line;
  }
}

TEST(Progress, AListIsBrokenWhereTheScreenEnds) {
  for (const size_t columns : {40, 120}) {
    const auto lines = printed([&] {
      Progress progress(0, 10, /*terminal=*/false, columns);
      progress.list("health", {"gradient norm 12.5", "KL 3.2", "skipped 0 of 10 steps"});
    });
    ASSERT_EQ(lines.size(), columns == 40 ? 2U : 1U);
    for (const auto& line : lines) EXPECT_LE(line.size(), columns) << line;
    EXPECT_TRUE(has(lines[0], "health: gradient norm 12.5,")) << lines[0];
    EXPECT_TRUE(has(lines.back(), " skipped 0 of 10 steps")) << lines.back();
  }
}

TEST(Progress, WhatIsLongerThanALineIsBrokenBetweenWordsOrAnywhere) {
  const auto lines = printed([] {
    Progress progress(0, 10, /*terminal=*/false, /*columns=*/40);
    progress.list("not in the summaries", {"lpips (needs a network that is not there)",
                                           "discrim_video_sn_vae_gan_feature_cdist_loss 0.1234"});
  });
  std::string all;
  for (const auto& line : lines) {
    EXPECT_LT(line.size(), 40U) << line;
    all += line.substr(line.find_first_not_of(' '));
  }
  EXPECT_TRUE(has(all, "discrim_video_sn_vae_gan_feature_cdist_loss")) << all;
  EXPECT_EQ(lines[0], "info: not in the summaries: lpips");
}

// Programs look for lines in logs.
TEST(Progress, InAPipeAListIsOneLine) {
  const std::vector<std::string> texts(30, "val_psnr 24.5");
  const auto lines = printed([&] {
    Progress(0, 10, /*terminal=*/false).list("validation", texts);
    tell_list("not in the summaries", texts);
  });
  EXPECT_EQ(lines.size(), 2U);
}

TEST(Progress, TellsEverythingWhenAskedTo) {
  const auto report = [] {
    Progress progress(0, 10, /*terminal=*/false, 80);
    progress.advance(1);
    progress.report(1, kMany);
  };
  log::set_verbosity(log::Verbosity::kVerbose);
  const auto many = printed(report);
  log::set_verbosity(log::Verbosity::kQuiet);
  const auto none = printed(report);
  log::set_verbosity(log::Verbosity::kUsual);
  EXPECT_EQ(many.size(), 2 + kMany.size());
  for (const auto& line : many) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_TRUE(none.empty());
}

// The last bar that was drawn.
std::string bar(int64_t step, int64_t max_steps, size_t columns) {
  const auto lines = printed([&] {
    Progress progress(0, max_steps, /*terminal=*/true, columns);
    progress.advance(1);
    progress.advance(step);
    progress.report(step, {{"d_loss", 0.5}, {"g_loss", 0.1234}});
  });
  const auto& all = lines.back();
  const auto begin = all.rfind("\x1b[K", all.rfind("g_loss"));
  return all.substr(begin + 3, all.find('\r', begin) - begin - 3);
}

TEST(Progress, TheBarKeepsTimeLeftAndLossOnNarrowScreens) {
  for (const size_t columns : {40, 60, 80, 200})
    for (const int64_t max_steps : {10, 1000, 300000}) {
      const auto line = bar(max_steps / 2, max_steps, columns);
      EXPECT_LT(line.size(), columns) << line;
      EXPECT_TRUE(has(line, "ETA ") && has(line, "g_loss 0.1234")) << line;
      if (columns >= 80) EXPECT_TRUE(has(line, "###")) << line;
    }
}

TEST(Duration, HasTwoUnitsAtMost) {
  const std::pair<double, const char*> cases[] = {
      {0.4, "0 s"}, {12, "12 s"}, {200, "3 min 20 s"}, {14700, "4 h 5 min"}, {183600, "2 d 3 h"}};
  for (const auto& [seconds, text] : cases) EXPECT_EQ(duration_text(seconds), text);
}

}  // namespace
}  // namespace savp
