#include "savp/io/image.h"

#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "savp/core/error.h"
#include "support/scratch.h"

namespace savp {
namespace {

// Every pixel differs from its neighbours, so that a shifted row or a swapped channel is seen.
Picture gradient(int64_t height, int64_t width, int64_t channels) {
  Picture picture{height, width, channels, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c)
        picture.pixels.push_back(static_cast<uint8_t>((7 * y + 3 * x + 90 * c) % 256));
  return picture;
}

Picture flat(int64_t height, int64_t width, uint8_t value) {
  return {height, width, 1, std::vector<uint8_t>(static_cast<size_t>(height * width), value)};
}

std::string message(const std::filesystem::path& path) {
  try {
    read_image(path);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Image, PngKeepsEveryByte) {
  const ScratchFolder scratch;
  for (const int64_t channels : {1, 3}) {
    const Picture written = gradient(5, 9, channels);
    write_png(scratch / "made/on/the/way.png", written);
    const Picture read = read_image(scratch / "made/on/the/way.png", channels);
    EXPECT_EQ(read.height, 5);
    EXPECT_EQ(read.width, 9);
    EXPECT_EQ(read.channels, channels);
    EXPECT_EQ(read.pixels, written.pixels);
  }
}

TEST(Image, PngHoldsRgb) {
  const ScratchFolder scratch;
  write_png(scratch / "red.png", {1, 1, 3, {250, 20, 10}});
  EXPECT_EQ(read_image(scratch / "red.png").pixels, (std::vector<uint8_t>{250, 20, 10}));
  EXPECT_EQ(read_image(scratch / "red.png", 1).pixels,
            (std::vector<uint8_t>{88}));  // 0.299 R + 0.587 G + 0.114 B
}

// A picture's bytes as PNG, with 1 to 4 channels.
std::string png_of(const Picture& picture) {
  constexpr std::array<png_uint_32, 5> kFormats = {0, PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                                   PNG_FORMAT_RGBA};
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = kFormats[static_cast<size_t>(picture.channels)];
  png_alloc_size_t size = 100000;
  std::string bytes(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.pixels.data(), 0, nullptr), 0);
  bytes.resize(size);
  return bytes;
}

TEST(EncodedPicture, PngsOfAnyNumberOfChannelsAreReadExactly) {
  for (const int64_t channels : {1, 2, 3, 4}) {
    Picture picture = gradient(6, 5, channels);
    const auto bytes = png_of(picture);
    const PictureSize size{6, 5, channels};
    EXPECT_EQ(encoded_size(bytes), size);
    std::vector<uint8_t> pixels(static_cast<size_t>(size.values()));
    decode_picture(bytes, size, pixels.data());
    EXPECT_EQ(pixels, picture.pixels) << channels << " channels";
  }
}

TEST(EncodedPicture, ADamagedPngIsRefused) {
  auto bytes = png_of(gradient(6, 5, 3));
  bytes[bytes.find("IDAT") + 8] ^= 0x10;
  std::vector<uint8_t> pixels(6 * 5 * 3);
  EXPECT_THROW(decode_picture(bytes, {6, 5, 3}, pixels.data()), DataError);
}

TEST(EncodedPicture, WhatCannotBeAJpegIsRefused) {
  EXPECT_THROW(encode_jpeg(gradient(4, 4, 2)), DataError);
  EXPECT_THROW(encode_jpeg({0, 0, 3, {}}), DataError);
}

TEST(Image, WritingLeavesOnlyThePicture) {
  const ScratchFolder scratch;
  write_png(scratch / "a.png", gradient(4, 4, 3));
  write_png(scratch / "a.png", gradient(4, 4, 3));
  EXPECT_EQ(scratch.names(), (std::vector<std::string>{"a.png"}));
}

TEST(Image, BadFilesAreNamed) {
  const ScratchFolder scratch;
  scratch.write("text.png", "this is no picture");
  scratch.write("empty.png", "");
  write_png(scratch / "whole.png", gradient(64, 64, 3));
  scratch.write("cut.png", scratch.read("whole.png").substr(0, scratch.read("whole.png").size() / 2));
  EXPECT_NE(message(scratch / "missing.png").find("missing.png: cannot be opened (No such file"),
            std::string::npos);
  EXPECT_NE(message(scratch / "text.png").find("text.png: is not a picture"), std::string::npos);
  EXPECT_NE(message(scratch / "empty.png").find("empty.png: is an empty file"), std::string::npos);
  EXPECT_NE(message(scratch / "cut.png").find("cut.png: the picture is cut short"), std::string::npos);
}

TEST(Image, UnwritablePathIsNamed) {
  const ScratchFolder scratch;
  scratch.write("file", "");
  EXPECT_THROW(write_png(scratch / "file/a.png", flat(2, 2, 0)), DataError);
}

TEST(Image, ShrinkingAverages) {
  const Picture picture{2, 4, 1, {0, 10, 100, 100, 20, 30, 100, 104}};
  EXPECT_EQ(resize(picture, 1, 2).pixels, (std::vector<uint8_t>{15, 101}));
}

TEST(Image, GrowingInterpolates) {
  const Picture grown = resize(Picture{1, 2, 1, {0, 100}}, 1, 4);
  EXPECT_EQ(grown.pixels, (std::vector<uint8_t>{0, 25, 75, 100}));
}

TEST(Image, FitCutsTheMiddle) {
  Picture wide = flat(2, 6, 0);
  for (const int64_t x : {2, 3})
    for (const int64_t y : {0, 1}) wide.pixels[static_cast<size_t>(y * 6 + x)] = 200;
  EXPECT_EQ(fit(wide, 2, 2).pixels, flat(2, 2, 200).pixels);
  EXPECT_EQ(fit(wide, 4, 4).pixels, flat(4, 4, 200).pixels);
  EXPECT_EQ(crop_centre(wide, 1, 4).pixels, (std::vector<uint8_t>{0, 200, 200, 0}));
}

TEST(Image, FourQuarterTurnsAreNone) {
  const Picture picture = gradient(3, 5, 3);
  EXPECT_EQ(rotate(Picture{1, 2, 1, {1, 2}}, 1).pixels, (std::vector<uint8_t>{1, 2}));
  EXPECT_EQ(rotate(Picture{2, 1, 1, {1, 2}}, 1).pixels, (std::vector<uint8_t>{2, 1}));
  EXPECT_EQ(rotate(rotate(picture, 1), 3).pixels, picture.pixels);
  EXPECT_EQ(rotate(rotate(picture, 2), -2).pixels, picture.pixels);
}

TEST(Image, NamesOfPictures) {
  EXPECT_TRUE(is_picture_name("a/b.PNG"));
  EXPECT_TRUE(is_picture_name("frame_1.jpeg"));
  EXPECT_FALSE(is_picture_name("clip.gif"));
  EXPECT_FALSE(is_picture_name("png"));
}

}  // namespace
}  // namespace savp
