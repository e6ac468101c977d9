#include "evaluation/pictures.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace savp {
namespace {

TEST(Pictures, TrueFramesGetTheirBytesBack) {
  Picture picture{16, 16, 1, {}};
  for (int value = 0; value < 256; ++value) picture.pixels.push_back(static_cast<uint8_t>(value));
  const auto again = to_pictures(to_video({picture}));
  EXPECT_EQ(again.at(0).at(0).pixels, picture.pixels);
}

TEST(Pictures, ValuesAreClippedAndRoundedDown) {
  const auto values = torch::tensor({-0.2F, 0.0F, 0.999F / 255, 1.999F / 255, 1.0F, 1.7F, NAN, INFINITY});
  const auto pictures = to_pictures(values.view({1, 1, 1, 2, 4}));
  EXPECT_EQ(pictures[0][0].pixels, (std::vector<uint8_t>{0, 0, 0, 1, 255, 255, 0, 255}));
}

TEST(Pictures, ChannelsComeLast) {
  auto videos = torch::zeros({2, 3, 3, 4, 5});  // [T, B, C, H, W]
  videos[1][2][0][3][4] = 1.0;                  // frame 1 of video 2: the last pixel is red
  const auto pictures = to_pictures(videos);
  ASSERT_EQ(pictures.size(), 3U);
  ASSERT_EQ(pictures[2].size(), 2U);
  const auto& picture = pictures[2][1];
  EXPECT_EQ(picture.height, 4);
  EXPECT_EQ(picture.width, 5);
  EXPECT_EQ(picture.pixels[(3 * 5 + 4) * 3], 255);
  EXPECT_EQ(std::count(picture.pixels.begin(), picture.pixels.end(), 0), 59);
}

TEST(Pictures, MakeAVideo) {
  const auto video = to_video({{1, 2, 3, {255, 0, 0, 0, 51, 0}}, {1, 2, 3, {0, 0, 0, 0, 0, 255}}});
  EXPECT_EQ(video.sizes(), (at::IntArrayRef{2, 1, 3, 1, 2}));
  EXPECT_FLOAT_EQ(video[0][0][0][0][0].item<float>(), 1.0F);
  EXPECT_FLOAT_EQ(video[0][0][1][0][1].item<float>(), 0.2F);
  EXPECT_FLOAT_EQ(video[1][0][2][0][1].item<float>(), 1.0F);
}

}  // namespace
}  // namespace savp
