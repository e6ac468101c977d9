// Pictures as bytes: reading, writing, cutting and resizing. Colours are in the order red, green, blue.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace savp {

struct PictureSize {
  int64_t height = 0, width = 0, channels = 0;
  bool operator==(const PictureSize&) const = default;
  int64_t values() const { return height * width * channels; }
};

// "64x48x3".
std::string text(const PictureSize& size);

struct Picture {
  int64_t height = 0;           // pixels
  int64_t width = 0;            // pixels
  int64_t channels = 3;         // 1 gray, 3 RGB
  std::vector<uint8_t> pixels;  // height x width x channels
};

// Of a picture or a frame of a video. A file of some bytes may claim any size, for which memory would be
// reserved; this is a little more than 7680 x 4320.
inline constexpr int64_t kMostPixels = int64_t{1} << 25;

// Whether the name ends like that of a picture read_image() knows (png, jpg, bmp, ...).
bool is_picture_name(const std::filesystem::path& path);

// A picture file (PNG, JPEG, BMP, TIFF, PNM, WebP) as 8-bit RGB (channels 3) or gray (channels 1). Gray
// becomes three equal channels, a palette its colours; alpha is dropped, so that transparent pixels show the
// colour stored with them; cameras' notes of how they were held are followed. Samples of 16 bits go from
// 0..65535 to 0..255, and `note`, where it is given, then says so and what they range over; float samples go
// from 0..1 to 0..255. Throws DataError, also for a file that ends too soon, has more than kMostPixels, or
// floats beyond 0..1.
Picture read_image(const std::filesystem::path& path, int64_t channels = 3, std::string* note = nullptr);

// A JPEG or PNG picture in memory -> size.values() bytes, height x width x channels. JPEG as TensorFlow
// decodes it: with the fast integer transform (up to 6 levels from the accurate one) and smooth upsampling of
// colours. Throws DataError ("is cut short") unless the picture is whole and of that size, which its header
// tells before anything is decoded.
void decode_picture(std::string_view encoded, const PictureSize& size, uint8_t* pixels);

// What the header of a JPEG or PNG picture says. Throws DataError ("is ...").
PictureSize encoded_size(std::string_view encoded);

// The file appears in full or not at all; missing folders are made.
void write_png(const std::filesystem::path& path, const Picture& picture);

// A PNG file's bytes.
std::string encode_png(const Picture& picture);

// A JPEG file's bytes; quality from 1 to 100.
std::string encode_jpeg(const Picture& picture, int quality = 95);

// Averages areas when shrinking, interpolates linearly when growing.
Picture resize(const Picture& picture, int64_t height, int64_t width);

// Interpolates linearly between the nearest pixels, also when shrinking.
Picture resize_linearly(const Picture& picture, int64_t height, int64_t width);

// The middle of a picture, height and width at most those of the picture.
Picture crop_centre(const Picture& picture, int64_t height, int64_t width);

// The largest middle part of the aspect height : width, resized to that size.
Picture fit(const Picture& picture, int64_t height, int64_t width);

// One of the eight ways to lay down a picture: rows and columns change places first, then left and right,
// then top and bottom.
struct Orientation {
  bool transposed = false, mirrored = false, upside_down = false;
};
Picture oriented(const Picture& picture, const Orientation& orientation);

// Gray to RGB, or RGB to its luma (Rec. 601).
Picture with_channels(const Picture& picture, int64_t channels);

}  // namespace savp
