#include "checkpoints/video_shape.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace savp {
namespace {

TEST(VideoShape, ComesBackFromMetadata) {
  const VideoShape shape{
      .channels = 1, .height = 48, .width = 64, .actions = 4, .states = 3, .pix_distribs = 2};
  const auto again = shape_from({shape_metadata(shape), {"seed", "7"}}, "model-1");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->channels, 1);
  EXPECT_EQ(again->height, 48);
  EXPECT_EQ(again->width, 64);
  EXPECT_EQ(again->actions, 4);
  EXPECT_EQ(again->states, 3);
  EXPECT_EQ(again->pix_distribs, 2);
}

TEST(VideoShape, NeedNotBeThere) { EXPECT_FALSE(shape_from({{"seed", "7"}}, "model-1").has_value()); }

TEST(VideoShape, NamesTheFileWhereItCannotBeRead) {
  for (const std::string text : {"64x64", "{}", R"({"channels": "three"})"}) {
    try {
      shape_from({{"video_shape", text}}, "model-1");
      FAIL() << text << " was read";
    } catch (const DataError& error) {
      EXPECT_EQ(std::string(error.what()).rfind("model-1: ", 0), 0U) << error.what();
    }
  }
}

}  // namespace
}  // namespace savp
