#include "training/metrics_log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/failure.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class MetricsLogTest : public ScratchTest {
 protected:
  void continue_after(int64_t step) const {
    MetricsLog(folder_ / "metrics.jsonl", step).write({{"step", step + 1}});
  }
  std::string metrics() const { return read(folder_ / "metrics.jsonl"); }
};

TEST_F(MetricsLogTest, ADamagedLineIsSetAsideAndTheRestStays) {
  const std::string garbage("\0\xff\xfe garbage", 11);
  write("metrics.jsonl", "{\"step\":1,\"g_loss\":7}\n{\"step\":2,\"g_l\n{\"step\":3}\n" + garbage +
                             "\n{\"step\":5}\n[6]\n{\"step\":\"7\"}\n{\"g_loss\":8}\n{\"step\":9.5}\n{"
                             "\"step\":9223372036854775808}\n{"
                             "\"step\":5}\n{\"g_loss\":0.");
  testing::internal::CaptureStderr();
  continue_after(5);
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_EQ(metrics(), "{\"step\":1,\"g_loss\":7}\n{\"step\":3}\n{\"step\":5}\n{\"step\":5}\n{\"step\":6}\n");
  EXPECT_EQ(read(folder_ / "metrics.jsonl.damaged"),
            "{\"step\":2,\"g_l\n" + garbage +
                "\n[6]\n{\"step\":\"7\"}\n{\"g_loss\":8}\n{\"step\":9.5}\n{\"step\":9223372036854775808}\n{"
                "\"g_loss\":0.\n");
  EXPECT_CONTAINS(told, "metrics.jsonl: 8 damaged lines moved to ");
}

TEST_F(MetricsLogTest, DamagedLinesOfSeveralRunsAreKept) {
  testing::internal::CaptureStderr();
  write("metrics.jsonl", "{\"step\":1}\nfirst\n");
  continue_after(1);
  write("metrics.jsonl", metrics() + "second");
  continue_after(2);
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(metrics(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
  EXPECT_EQ(read(folder_ / "metrics.jsonl.damaged"), "first\nsecond\n");
}

// Those of later steps are about to be written again, wherever they stand.
TEST_F(MetricsLogTest, LaterStepsAreRemoved) {
  write("metrics.jsonl", "{\"step\":1}\n{\"step\":4}\n{\"step\":2}\n{\"step\":3}");
  continue_after(3);
  EXPECT_EQ(metrics(), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
  EXPECT_FALSE(fs::exists(folder_ / "metrics.jsonl.damaged"));
}

TEST_F(MetricsLogTest, WhatIsNotFiniteIsNull) {
  MetricsLog(folder_ / "metrics.jsonl", 0)
      .write({{"step", 1}, {"g_loss", std::stod("nan")}, {"d_loss", std::stod("inf")}});
  EXPECT_EQ(metrics(), "{\"d_loss\":null,\"g_loss\":null,\"step\":1}\n");
}

TEST_F(MetricsLogTest, AStepHasOneLine) {
  const auto file = folder_ / "metrics.jsonl";
  write("metrics.jsonl", "{\"step\":1}\n");
  {
    MetricsLog log(file, 1);
    log.write({{"step", 2}, {"g_loss", 0.5}});
    log.write({{"step", 2}, {"val_psnr", 20}});
    EXPECT_EQ(metrics(), "{\"step\":1}\n{\"g_loss\":0.5,\"step\":2,\"val_psnr\":20}\n");
    log.write({{"step", 2}, {"g_loss", 1}});
    EXPECT_EQ(metrics(), "{\"step\":1}\n{\"g_loss\":1,\"step\":2,\"val_psnr\":20}  \n")
        << "nothing is cut off";
    log.write({{"step", 3}, {"g_loss", 2}});
  }
  continue_after(3);
  EXPECT_EQ(
      metrics(),
      "{\"step\":1}\n{\"g_loss\":1,\"step\":2,\"val_psnr\":20}  \n{\"g_loss\":2,\"step\":3}\n{\"step\":4}\n");
}

TEST_F(MetricsLogTest, AHistoryThatCannotBeReadIsNotOverwritten) {
  fs::create_directories(folder_ / "metrics.jsonl");
  EXPECT_CONTAINS(message_of<Error>([&] { continue_after(1); }), "metrics.jsonl");
}

// A file that may not grow stands for a disk that is full.
TEST_F(MetricsLogTest, AFullDiskIsNoFaultOfTheData) {
  MetricsLog log(folder_ / "metrics.jsonl", 0);
  rlimit before;
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit bound = {10, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &bound);
  const auto message = message_of<ResourceError>([&] { log.write({{"step", 1}, {"g_loss", 0.125}}); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_CONTAINS(message, "metrics.jsonl: cannot be written (File too large)");
}

}  // namespace
}  // namespace savp
