#include "io/png.h"

#include <png.h>

#include <array>

#include "io/encoded_picture.h"
#include "savp/core/error.h"

namespace savp {
namespace {

// PNG: signature (8 bytes), length (4), "IHDR", width, height (4 bytes each, big-endian), bits a sample,
// colours.
constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";
constexpr size_t kPngWidth = 16, kPngHeight = 20, kPngBits = 24, kPngColours = 25;

int64_t big_endian(std::string_view bytes, size_t at) {
  int64_t value = 0;
  for (const char byte : bytes.substr(at, 4)) value = value * 256 + static_cast<unsigned char>(byte);
  return value;
}

// libpng's reader of a picture in memory.
class Reader {
 public:
  explicit Reader(std::string_view encoded) {
    image_.version = PNG_IMAGE_VERSION;
    check(png_image_begin_read_from_memory(&image_, encoded.data(), encoded.size()));
  }
  ~Reader() { png_image_free(&image_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read(int64_t channels, uint8_t* pixels) {
    constexpr std::array<png_uint_32, 5> kFormats = {0, PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                                     PNG_FORMAT_RGBA};
    image_.format = kFormats[static_cast<size_t>(channels)];
    check(png_image_finish_read(&image_, /*background=*/nullptr, pixels, /*row_stride=*/0,
                                /*colormap=*/nullptr));
  }

 private:
  void check(int succeeded) const {
    const bool sound = succeeded != 0 && PNG_IMAGE_FAILED(image_) == 0;
    SAVP_CHECK(sound, DataError, "is a damaged PNG picture: ", image_.message);
  }

  png_image image_{};
};

}  // namespace

bool is_png(std::string_view encoded) {
  return encoded.starts_with(kPngSignature) && encoded.size() > kPngColours;
}

PictureSize png_size(std::string_view encoded) {
  constexpr std::array kChannels = {1, 0, 3, 3, 2, 0, 4};  // by kind of colours; 3: a palette
  const auto colours = static_cast<unsigned char>(encoded[kPngColours]);
  const bool known = encoded[kPngBits] <= 8 && colours < kChannels.size() && kChannels[colours] > 0;
  SAVP_CHECK(known, DataError, "is a PNG picture of a kind that is not read: 8 bits a sample at most");
  return {big_endian(encoded, kPngHeight), big_endian(encoded, kPngWidth), kChannels[colours]};
}

void decode_png(std::string_view encoded, const PictureSize& size, uint8_t* pixels) {
  const auto found = png_size(encoded);
  SAVP_CHECK(found == size, DataError, "is a picture of ", text(found), " instead of ", text(size));
  SAVP_CHECK(!is_cut(encoded), DataError, "is a PNG picture that is cut short");
  Reader(encoded).read(size.channels, pixels);
}

}  // namespace savp
