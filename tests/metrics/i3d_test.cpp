#include "metrics/i3d.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace savp {
namespace {

at::Tensor at_place(const at::Tensor& video, int64_t t, int64_t y, int64_t x) {
  return video.index({0, 0, t, y, x});
}

TEST(I3dInput, IsResizedWithoutHalfPixelCentres) {
  auto video = torch::zeros({1, 1, 3, 2, 4});  // [T, B, C, H, W]
  video.index_put_({0, 0, 0, 1, 2}, 1.0);
  const auto seen = i3d_input(video);
  ASSERT_EQ(seen.sizes(), (std::vector<int64_t>{1, 3, 1, 224, 224}));
  EXPECT_EQ(at_place(seen, 0, 0, 0).item<double>(), -1.0);
  EXPECT_EQ(at_place(seen, 0, 112, 112).item<double>(), 1.0);         // row 1, column 2 itself
  EXPECT_NEAR(at_place(seen, 0, 56, 112).item<double>(), 0.0, 1e-6);  // half way from row 0
  EXPECT_NEAR(at_place(seen, 0, 112, 98).item<double>(), 0.5, 1e-6);  // three quarters of a column
  EXPECT_NEAR(at_place(seen, 0, 56, 126).item<double>(), 2 * 0.5 * 0.75 - 1, 1e-6);
  EXPECT_EQ(at_place(seen, 0, 223, 112).item<double>(), 1.0);  // the last row is repeated
  EXPECT_EQ(seen[0][1].max().item<double>(), -1.0);            // green
}

TEST(I3dInput, ValuesAreThoseOfBytes) {
  const auto video =
      torch::tensor({0.5, 1.5, -3.0, std::nan("")}).view({4, 1, 1, 1, 1}).to(at::kFloat);  // gray
  const auto seen = i3d_input(video);
  const double expected[] = {2 * 127.0 / 255 - 1, 1, -1, -1};
  for (int64_t t = 0; t < 4; ++t)
    for (int64_t channel = 0; channel < 3; ++channel)
      EXPECT_NEAR(seen.index({0, channel, t, 100, 7}).item<double>(), expected[t], 1e-6) << t;
}

// One bright pixel, followed by hand through all layers, of which each but the first hands one channel on.
TEST(I3d, PadsAsTensorFlowDoes) {
  I3d i3d;
  auto variables = i3d.named_parameters();
  const auto pass = [&](const std::string& layer, int64_t in, int64_t side) {
    variables[layer + ".weight"].index_put_({0, in, side / 2, side / 2, side / 2}, 1.0);
  };
  variables["Conv3d_1a_7x7.weight"].index_put_({0, 0, 0, 0, 0}, 1.0);  // reads 3 frames and 2 pixels before
  pass("Conv3d_2b_1x1", 0, 1);
  pass("Conv3d_2c_3x3", 0, 3);
  for (const std::string mixed : {"3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"})
    pass("Mixed_" + mixed + ".Branch_0.Conv3d_0a_1x1", 0, 1);
  variables["Logits.Conv3d_0c_1x1.weight"].index_put_({5, 0, 0, 0, 0}, 98.0);
  variables["Logits.Conv3d_0c_1x1.bias"].index_put_({6}, 0.25);

  auto video = torch::zeros({1, 3, 9, 224, 224});
  video.index_put_({0, 0, 1, 0, 0},
                   0.5);  // -> frame 2, row 1, column 1 of 5 x 112 x 112; row 0, column 0 of 56
  const auto logits =
      i3d.forward(video);  // -> row 0 of 28; frame 1 of 3, row 0 of 14; frame 0 of 2, row 0 of 7
  ASSERT_EQ(logits.sizes(), (std::vector<int64_t>{1, I3d::kClasses}));
  EXPECT_NEAR(logits[0][5].item<double>(), 0.5, 1e-6);  // one of the 98 values that are averaged
  EXPECT_EQ(logits[0][6].item<double>(), 0.25);
  EXPECT_EQ(logits[0][7].item<double>(), 0.0);
}

TEST(I3d, NeedsFramesForItsLastAverage) {
  EXPECT_ANY_THROW(I3d().forward(torch::zeros({1, 3, I3d::kFewestFrames - 1, 224, 224})));
}

}  // namespace
}  // namespace savp
