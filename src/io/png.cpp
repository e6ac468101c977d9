#include "io/png.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>

#include "core/error.h"
#include "io/encoded_picture.h"

namespace savp {
namespace {

// PNG: signature (8 bytes), length (4), "IHDR", width, height (4 bytes each, big-endian), bits a
// sample, colours.
constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";
constexpr size_t kPngWidth = 16, kPngHeight = 20, kPngBits = 24, kPngColours = 25;

int64_t big_endian(std::string_view bytes, size_t at) {
  int64_t value = 0;
  for (const char byte : bytes.substr(at, 4)) value = value * 256 + static_cast<unsigned char>(byte);
  return value;
}

// libpng reports errors through callbacks that must not return, and C code cannot be unwound: what may fail
// stands in a function of its own, without locals to destroy, which longjmp leaves. Its simpler interface
// would mix transparent pixels with what lies in the buffer, and change brightness where a picture tells
// its gamma.
class Reader {
 public:
  explicit Reader(std::string_view encoded)
      : left_(encoded), png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, give_up, ignore)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read(const PictureSize& size, uint8_t* pixels) {
    const bool sound = info_ != nullptr && try_read(size, pixels);
    SAVP_CHECK(sound, DataError, "is a damaged PNG image: ", message_.data());
  }

 private:
  [[noreturn]] static void give_up(png_structp png, png_const_charp message) {
    auto& text = static_cast<Reader*>(png_get_error_ptr(png))->message_;
    std::strncpy(text.data(), message, text.size() - 1);
    png_longjmp(png, 1);
  }
  static void ignore(png_structp /*png*/, png_const_charp /*message*/) {}

  static void hand_over(png_structp png, png_bytep target, png_size_t count) {
    auto& left = static_cast<Reader*>(png_get_io_ptr(png))->left_;
    if (count > left.size()) png_error(png, "it ends too soon");
    std::memcpy(target, left.data(), count);
    left.remove_prefix(count);
  }

  bool try_read(const PictureSize& size, uint8_t* pixels) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, hand_over);
    png_read_info(png_, info_);
    const bool has_alpha = (png_get_color_type(png_, info_) & PNG_COLOR_MASK_ALPHA) != 0;
    png_set_expand(png_);                       // palettes, and samples of less than 8 bits
    if (!has_alpha) png_set_strip_alpha(png_);  // single colours that stand for transparency stay colours
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    const auto row = static_cast<size_t>(size.width * size.channels);
    if (png_get_rowbytes(png_, info_) != row) png_error(png_, "its header contradicts itself");
    for (int pass = 0; pass < passes; ++pass)
      for (int64_t y = 0; y < size.height; ++y)
        png_read_row(png_, pixels + static_cast<size_t>(y) * row, nullptr);
    png_read_end(png_, nullptr);
    return true;
  }

  std::string_view left_;  // not yet read
  png_structp png_;
  png_infop info_ = nullptr;
  std::array<char, 128> message_{"no memory"};
};

}  // namespace

bool is_png(std::string_view encoded) {
  return encoded.starts_with(kPngSignature) && encoded.size() > kPngColours;
}

PictureSize png_size(std::string_view encoded) {
  constexpr std::array kChannels = {1, 0, 3, 3, 2, 0, 4};  // by kind of colours; 3: a palette
  const auto colours = static_cast<unsigned char>(encoded[kPngColours]);
  const bool known = encoded[kPngBits] <= 8 && colours < kChannels.size() && kChannels[colours] > 0;
  SAVP_CHECK(known, DataError, "is a PNG image of an unsupported kind: at most 8 bits per sample");
  return {big_endian(encoded, kPngHeight), big_endian(encoded, kPngWidth), kChannels[colours]};
}

void decode_png(std::string_view encoded, const PictureSize& size, uint8_t* pixels) {
  const auto found = png_size(encoded);
  SAVP_CHECK(found == size, DataError, "is an image of ", text(found), " instead of ", text(size));
  SAVP_CHECK(!is_cut(encoded), DataError, "is a truncated PNG image");
  Reader(encoded).read(size, pixels);
}

}  // namespace savp
