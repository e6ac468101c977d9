#include "io/image.h"

#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
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

// A picture's bytes as PNG, with 1 to 4 channels; `adorn` adds to its header.
using Adorn = void (*)(png_structp png, png_infop info);
std::string png_of(const Picture& picture, Adorn adorn = nullptr, int interlacing = PNG_INTERLACE_NONE) {
  constexpr std::array kColours = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                   PNG_COLOR_TYPE_RGB_ALPHA};
  std::string bytes;
  auto* png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  auto* info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, png_size_t count) {
        static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<char*>(data), count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width), static_cast<png_uint_32>(picture.height),
               8, kColours[static_cast<size_t>(picture.channels - 1)], interlacing,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (adorn != nullptr) adorn(png, info);
  std::vector<png_bytep> rows;
  for (int64_t y = 0; y < picture.height; ++y)
    rows.push_back(const_cast<png_bytep>(picture.pixels.data() + y * picture.width * picture.channels));
  png_set_rows(png, info, rows.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

// Into memory in which something else was before.
std::vector<uint8_t> decoded(const std::string& bytes, const PictureSize& size) {
  std::vector<uint8_t> pixels(static_cast<size_t>(size.values()), 0x5A);
  decode_picture(bytes, size, pixels.data());
  return pixels;
}

TEST(EncodedPicture, PngsOfAnyNumberOfChannelsAreReadExactly) {
  for (const int64_t channels : {1, 2, 3, 4}) {
    Picture picture = gradient(6, 5, channels);
    const auto bytes = png_of(picture);
    const PictureSize size{6, 5, channels};
    EXPECT_EQ(encoded_size(bytes), size);
    EXPECT_EQ(decoded(bytes, size), picture.pixels) << channels << " channels";
    const auto interlaced = png_of(picture, nullptr, PNG_INTERLACE_ADAM7);
    EXPECT_EQ(decoded(interlaced, size), picture.pixels) << channels << " channels, interlaced";
  }
}

// Neither the brightness that a PNG was meant for nor a colour that stands for transparency changes a byte.
TEST(EncodedPicture, PngsKeepTheirColoursWhateverTheyAreMeantToLookLike) {
  const Adorn adornments[] = {
      [](png_structp png, png_infop info) { png_set_gAMA(png, info, 1.0); },
      [](png_structp png, png_infop info) {
        const png_color_16 third{.red = 6, .green = 96, .blue = 186, .gray = 6};
        png_set_tRNS(png, info, nullptr, 0, &third);
      },
  };
  for (const auto adorn : adornments)
    for (const int64_t channels : {1, 3}) {
      const auto picture = gradient(6, 5, channels);
      EXPECT_EQ(decoded(png_of(picture, adorn), {6, 5, channels}), picture.pixels) << channels << " channels";
    }
}

TEST(EncodedPicture, PalettesBecomeColours) {
  const auto bytes = png_of({1, 3, 1, {2, 0, 1}}, [](png_structp png, png_infop info) {
    const png_color palette[] = {{10, 20, 30}, {40, 50, 60}, {70, 80, 90}};
    const png_byte opacity[] = {0, 128};
    png_set_IHDR(png, info, 3, 1, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, palette, 3);
    png_set_tRNS(png, info, opacity, 2, nullptr);
  });
  ASSERT_EQ(encoded_size(bytes), (PictureSize{1, 3, 3}));
  EXPECT_EQ(decoded(bytes, {1, 3, 3}), (std::vector<uint8_t>{70, 80, 90, 10, 20, 30, 40, 50, 60}));
}

TEST(EncodedPicture, ADamagedPngIsRefused) {
  auto bytes = png_of(gradient(6, 5, 3));
  bytes[bytes.find("IDAT") + 8] ^= 0x10;
  EXPECT_THROW(decoded(bytes, {6, 5, 3}), DataError);
}

// Whether a picture that may be damaged is refused; what cannot be noticed is read.
bool refused(const std::string& bytes, const PictureSize& size) {
  try {
    decoded(bytes, size);
    return false;
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("is ", 0), 0U) << error.what();
    return true;
  }
}

TEST(EncodedPicture, TruncatedAtEveryByte) {
  const auto picture = gradient(9, 8, 3);
  for (const auto& whole : {png_of(picture), encode_jpeg(picture)})
    for (size_t length = 0; length < whole.size(); ++length)
      EXPECT_TRUE(refused(whole.substr(0, length), {9, 8, 3})) << length << " of " << whole.size();
}

// A PNG has checksums, a JPEG has none.
TEST(EncodedPicture, FlippedBits) {
  const auto picture = gradient(9, 8, 3);
  for (const bool has_checksums : {true, false}) {
    const auto whole = has_checksums ? png_of(picture) : encode_jpeg(picture);
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
      auto flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_TRUE(refused(flipped, {9, 8, 3}) || !has_checksums) << "bit " << bit;
    }
  }
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
  EXPECT_NE(message(scratch / "text.png").find("text.png: is not an image"), std::string::npos);
  EXPECT_NE(message(scratch / "empty.png").find("empty.png: is an empty file"), std::string::npos);
  EXPECT_NE(message(scratch / "cut.png").find("cut.png: the image is truncated"), std::string::npos);
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

// All eight ways to lay down 1 2 3 / 4 5 6.
TEST(Image, Orientations) {
  const Picture picture{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  const std::pair<Orientation, std::vector<uint8_t>> cases[] = {
      {{false, false, false}, {1, 2, 3, 4, 5, 6}}, {{false, true, false}, {3, 2, 1, 6, 5, 4}},
      {{false, false, true}, {4, 5, 6, 1, 2, 3}},  {{false, true, true}, {6, 5, 4, 3, 2, 1}},
      {{true, false, false}, {1, 4, 2, 5, 3, 6}},  {{true, true, false}, {4, 1, 5, 2, 6, 3}},
      {{true, false, true}, {3, 6, 2, 5, 1, 4}},   {{true, true, true}, {6, 3, 5, 2, 4, 1}},
  };
  for (const auto& [orientation, pixels] : cases) {
    const auto laid = oriented(picture, orientation);
    EXPECT_EQ(laid.pixels, pixels);
    EXPECT_EQ(laid.height, orientation.transposed ? 3 : 2);
  }
}

TEST(Image, SixteenBitsAreScaledAndToldOf) {
  const ScratchFolder scratch;
  scratch.write("deep.pgm", std::string("P5\n2 2\n65535\n\x00\x00\x01\x01\x80\x00\xff\xff", 21));
  std::string note;
  EXPECT_EQ(read_image(scratch / "deep.pgm", 1, &note).pixels, (std::vector<uint8_t>{0, 1, 128, 255}));
  EXPECT_NE(
      note.find("deep.pgm: has 16 bits a sample: 0 to 65535 become 0 to 255 (its samples go from 0 to 65535"),
      std::string::npos)
      << note;
}

// A file of a few bytes may claim any size; the claim alone is refused, for each format.
TEST(Image, TooManyPixelsAreRefusedByTheHeader) {
  const ScratchFolder scratch;
  const std::string side("\0\0\x75\x30", 4), small("\x30\x75", 2), four("\x30\x75\0\0", 4);  // 30000
  const std::pair<const char*, std::string> files[] = {
      {"a.png", "\x89PNG\r\n\x1a\n" + std::string("\0\0\0\x0dIHDR", 8) + side + side +
                    std::string("\1\0\0\0\0crc0\0\0\0\0IENDcrc0", 21)},
      {"a.jpg", "\xff\xd8\xff\xc0" + std::string("\0\x0b\x08\x75\x30\x75\x30\1\1\x11\0", 11) + "\xff\xd9"},
      {"a.bmp",
       "BM" + std::string(12, '\0') + std::string("\x28\0\0\0", 4) + four + four + std::string(30, '\0')},
      {"a.tif", std::string("II*\0\x08\0\0\0\2\0", 10) + std::string("\0\1\4\0\1\0\0\0", 8) + four +
                    std::string("\1\1\3\0\1\0\0\0", 8) + small + std::string(8, '\0')},
      {"a.ppm", "P6 # wide\n30000 30000\n255\n"},
      {"a.webp",
       "RIFF....WEBPVP8X" + std::string("\x0a\0\0\0\0\0\0\0", 8) + std::string("\x2f\x75\0\x2f\x75\0", 6)},
  };
  for (const auto& [name, bytes] : files) {
    scratch.write(name, bytes);
    EXPECT_NE(message(scratch / name)
                  .find(std::string(name) + ": an image of 30000x30000 (height x width) is too large"),
              std::string::npos)
        << message(scratch / name);
  }
}

// Cameras put second pictures and notes of their own behind the first, and cut them short.
TEST(Image, BytesBehindTheEndAreNoDamage) {
  const ScratchFolder scratch;
  const auto picture = gradient(16, 16, 1);
  write_png(scratch / "a.png", picture);
  const auto jpeg = encode_jpeg(picture);
  scratch.write("a.jpg", jpeg + "TRAILER" + jpeg.substr(0, jpeg.size() - 3));
  scratch.write("b.png", scratch.read("a.png") + scratch.read("a.png").substr(0, 60));
  EXPECT_EQ(read_image(scratch / "a.jpg").height, 16);
  EXPECT_EQ(read_image(scratch / "b.png", 1).pixels, picture.pixels);
  EXPECT_EQ(decoded(scratch.read("b.png"), {16, 16, 1}), picture.pixels);
  scratch.write("cut.jpg", jpeg.substr(0, jpeg.size() - 2));
  EXPECT_NE(message(scratch / "cut.jpg").find("cut.jpg: the image is truncated"), std::string::npos);
}

TEST(Image, NamesOfPictures) {
  EXPECT_TRUE(is_picture_name("a/b.PNG"));
  EXPECT_TRUE(is_picture_name("frame_1.jpeg"));
  EXPECT_FALSE(is_picture_name("clip.gif"));
  EXPECT_FALSE(is_picture_name("png"));
}

}  // namespace
}  // namespace savp
