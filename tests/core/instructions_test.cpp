#include "core/instructions.h"

#include <gtest/gtest.h>

#include <thread>

namespace savp {
namespace {

TEST(Instructions, TheEnvironmentOnlyTakesAway) {
  using enum Instructions;
  EXPECT_EQ(limited(kAvx512, ""), kAvx512);
  EXPECT_EQ(limited(kAvx512, "avx512"), kAvx512);
  EXPECT_EQ(limited(kAvx512, "avx2"), kAvx2);
  EXPECT_EQ(limited(kAvx512, "plain"), kPlain);
  EXPECT_EQ(limited(kAvx2, "avx512"), kAvx2);
  EXPECT_EQ(limited(kPlain, "avx2"), kPlain);
}

TEST(Instructions, AnUnknownNameIsAnErrorThatTellsTheKnownOnes) {
  try {
    limited(Instructions::kAvx512, "avx");
    FAIL() << "taken for something";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "SAVP_INSTRUCTIONS=\"avx\" must be one of plain|avx2|avx512 (did you mean avx2 or avx512?)");
  }
}

TEST(Instructions, ArePlainForAWhileInOneThread) {
  const auto usual = instructions();
  {
    const PlainInstructions outer;
    { const PlainInstructions inner; }
    EXPECT_EQ(instructions(), Instructions::kPlain);
    std::thread([usual] { EXPECT_EQ(instructions(), usual); }).join();
  }
  EXPECT_EQ(instructions(), usual);
}

}  // namespace
}  // namespace savp
