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
  const auto of_channels = [](const std::string& channels) {
    return R"({"height": 1, "width": 1, "actions": 0, "states": 0, "pix_distribs": 0, "channels": )" +
           channels + "}";
  };
  EXPECT_TRUE(shape_from({{"video_shape", of_channels("3")}}, "model-1").has_value());
  for (const std::string& text :
       {std::string("64x64"), std::string("{}"), std::string("[]"), of_channels("\"three\""),
        of_channels("-1"), of_channels("3.5"), of_channels("1e300"), of_channels("18446744073709551615"),
        of_channels("9223372036854775807"),
        of_channels(std::string(100000, '[') + std::string(100000, ']'))}) {
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
