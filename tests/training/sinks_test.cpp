#include "training/sinks.h"

#include <gtest/gtest.h>

#include <sstream>

#include "support/scratch_test.h"

namespace savp {
namespace {

struct ConsoleSink : ScratchTest {
  // Of a validation with all losses.
  std::vector<std::string> lines_of_validation(size_t columns) const {
    Progress progress(0, 10, /*terminal=*/false, columns);
    testing::internal::CaptureStderr();
    console_sink({folder_, 0, progress})
        ->scalars(3, "val",
                  {{"psnr", 24.123456},
                   {"ssim", 0.9},
                   {"g_loss", 0.25},
                   {"discrim_video_sn_vae_gan_feature_cdist_loss", 1e-5}});
    std::istringstream text(testing::internal::GetCapturedStderr());
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(ConsoleSink, ValidationFitsANarrowScreen) {
  const auto lines = lines_of_validation(40);
  EXPECT_GT(lines.size(), 2U);
  for (const auto& line : lines) EXPECT_LT(line.size(), 40U) << line;
  EXPECT_EQ(lines.at(0), "info: validation: psnr 24.12, ssim 0.9,");
}

TEST_F(ConsoleSink, ValidationIsOneLineOfALog) {
  const auto lines = lines_of_validation(0);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_CONTAINS(lines[0], "g_loss 0.25, discrim_video_sn_vae_gan_feature_cdist_loss 1e-05");
}

}  // namespace
}  // namespace savp
