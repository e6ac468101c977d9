#include "cli/data_bench.h"

#include <gtest/gtest.h>

#include <cmath>

namespace savp::cli {
namespace {

TEST(MeasureReading, Measures) {
  for (const auto& [stored_as, name] : EnumNames<StoredAs>::kTable) {
    const auto speed = measure_reading(stored_as, {.batch_size = 5, .size = 16, .batches = 5});
    EXPECT_GT(speed.megabytes_per_second, 0) << name;
    EXPECT_EQ(std::lround(speed.seconds * speed.frames_per_second), 5 * 5 * 12) << name;
  }
  const auto alone = measure_jpeg_decoding({.batch_size = 2, .size = 16, .batches = 3});
  EXPECT_EQ(std::lround(alone.seconds * alone.frames_per_second), 2 * 3 * 30);
  EXPECT_EQ(thread_counts(5), (std::vector<int64_t>{1, 2, 4}));
}

}  // namespace
}  // namespace savp::cli
