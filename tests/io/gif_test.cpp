#include "io/gif.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "io/video.h"
#include "support/scratch.h"

namespace savp {
namespace {

Picture flat(int64_t height, int64_t width, std::vector<uint8_t> colour) {
  Picture picture{height, width, static_cast<int64_t>(colour.size()), {}};
  for (int64_t i = 0; i < height * width; ++i)
    picture.pixels.insert(picture.pixels.end(), colour.begin(), colour.end());
  return picture;
}

// What the blocks of a GIF say.
struct Blocks {
  int width = 0, height = 0;
  bool global_palette = false;
  bool loops_forever = false;
  std::vector<int> delays;           // of each picture, hundredths of a second
  std::vector<bool> local_palettes;  // of each picture
};

size_t palette_bytes(uint8_t flags) { return (flags & 0x80) != 0 ? size_t{6} << (flags & 7) : 0; }

// A chain of sub-blocks, each with its length in front, ends with an empty one.
size_t skip_sub_blocks(const std::string& bytes, size_t at) {
  while (bytes.at(at) != 0) at += 1 + static_cast<uint8_t>(bytes.at(at));
  return at + 1;
}

Blocks read_blocks(const std::string& bytes) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes.at(at)); };
  const auto number = [&](size_t at) { return byte(at) + 256 * byte(at + 1); };
  Blocks blocks{.width = number(6), .height = number(8), .global_palette = (byte(10) & 0x80) != 0};
  size_t at = 13 + palette_bytes(byte(10));
  while (byte(at) != ';') {
    if (byte(at) == ',') {
      blocks.local_palettes.push_back((byte(at + 9) & 0x80) != 0);
      at = skip_sub_blocks(bytes, at + 11 + palette_bytes(byte(at + 9)));
      continue;
    }
    if (byte(at + 1) == 0xF9) blocks.delays.push_back(number(at + 4));
    if (bytes.compare(at + 3, 11, "NETSCAPE2.0") == 0) blocks.loops_forever = number(at + 16) == 0;
    at = skip_sub_blocks(bytes, at + 2);
  }
  EXPECT_EQ(at + 1, bytes.size());
  return blocks;
}

TEST(Gif, LoopsForeverWithOnePalette) {
  const ScratchFolder scratch;
  std::vector<Picture> pictures;
  for (const uint8_t level : {0, 100, 200}) pictures.push_back(flat(8, 6, {level, 50, 20}));
  write_gif(scratch / "new/clip.gif", pictures, 4);
  const Blocks blocks = read_blocks(scratch.read("new/clip.gif"));
  EXPECT_EQ(blocks.width, 6);
  EXPECT_EQ(blocks.height, 8);
  EXPECT_TRUE(blocks.loops_forever);
  EXPECT_TRUE(blocks.global_palette);
  EXPECT_EQ(blocks.local_palettes,
            (std::vector<bool>{true, false, false}));  // the first repeats the global one
  EXPECT_EQ(scratch.names(), (std::vector<std::string>{"new/clip.gif"}));
}

// 600 colours, no more than 200 of them in one picture.
TEST(Gif, APaletteForEachPictureKeepsMoreColours) {
  const ScratchFolder scratch;
  std::vector<Picture> pictures;
  for (const uint8_t red : {20, 120, 220}) {
    Picture picture{10, 20, 3, {}};
    for (uint8_t i = 0; i < 200; ++i)
      picture.pixels.insert(picture.pixels.end(), {red, i, static_cast<uint8_t>(255 - i)});
    pictures.push_back(std::move(picture));
  }
  const auto error_of = [&](GifPalette palette) {
    write_gif(scratch / "clip.gif", pictures, 4, palette);
    const auto shown = read_video(scratch / "clip.gif");
    double error = 0;
    for (size_t t = 0; t < pictures.size(); ++t)
      for (size_t i = 0; i < pictures[t].pixels.size(); ++i)
        error += std::abs(shown.at(t).pixels.at(i) - pictures[t].pixels[i]);
    return error;
  };
  const double of_video = error_of(GifPalette::kVideo), of_frame = error_of(GifPalette::kFrame);
  EXPECT_LT(of_frame, of_video / 2);
  EXPECT_EQ(read_blocks(scratch.read("clip.gif")).local_palettes, (std::vector<bool>{true, true, true}));
}

TEST(Gif, DurationsAreHundredthsOfSeconds) {
  const ScratchFolder scratch;
  const std::vector<Picture> pictures(3, flat(4, 4, {9}));
  write_gif(scratch / "slow.gif", pictures, 4);
  write_gif(scratch / "uneven.gif", pictures, 30);
  EXPECT_EQ(read_blocks(scratch.read("slow.gif")).delays, (std::vector<int>{25, 25, 25}));
  EXPECT_EQ(read_blocks(scratch.read("uneven.gif")).delays,
            (std::vector<int>{3, 4, 4}));  // the last as the one before
}

TEST(Gif, OnePictureIsEnough) {
  const ScratchFolder scratch;
  write_gif(scratch / "still.gif", {flat(4, 4, {9})}, 4);
  EXPECT_EQ(read_blocks(scratch.read("still.gif")).local_palettes.size(), 1U);
}

TEST(Gif, UnusableClipsAreRefused) {
  const ScratchFolder scratch;
  const Picture picture = flat(4, 4, {1, 2, 3});
  EXPECT_THROW(write_gif(scratch / "a.gif", {}, 4), DataError);
  EXPECT_THROW(write_gif(scratch / "a.gif", {picture, flat(4, 5, {1, 2, 3})}, 4), DataError);
  for (const double fps : {0.0, -1.0, 101.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(write_gif(scratch / "a.gif", {picture}, fps), UsageError) << fps;
  EXPECT_TRUE(scratch.names().empty());
}

}  // namespace
}  // namespace savp
