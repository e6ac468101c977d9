#include "io/encoded_picture.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "io/jpeg.h"
#include "io/png.h"
#include "savp/core/error.h"
#include "savp/io/image.h"

namespace savp {
namespace {

constexpr std::array kPictureEndings = {".png",  ".jpg", ".jpeg", ".bmp", ".tif",
                                        ".tiff", ".ppm", ".pgm",  ".pnm", ".webp"};

// Marks of the formats whose decoders fill up a file that ends too soon, or complain to standard error.
struct Marks {
  std::string_view start, data, end;
};
constexpr Marks kMarks[] = {{"\xFF\xD8", "\xFF\xDA", "\xFF\xD9"}, {"\x89PNG", "IDAT", "IEND"}};

// How each format is read.
struct Format {
  bool (*fits)(std::string_view encoded);
  PictureSize (*size)(std::string_view encoded);
  void (*decode)(std::string_view encoded, const PictureSize& size, uint8_t* pixels);
};
constexpr Format kFormats[] = {{is_jpeg, jpeg_size, decode_jpeg}, {is_png, png_size, decode_png}};

const Format& format_of(std::string_view encoded) {
  SAVP_CHECK(!encoded.empty(), DataError, "is empty");
  for (const auto& format : kFormats)
    if (format.fits(encoded)) return format;
  throw DataError("is neither a JPEG nor a PNG picture");
}

}  // namespace

// In a whole file the end mark comes after the last mark of data; a thumbnail's marks come before both.
bool is_cut(std::string_view bytes) {
  for (const auto& [start, data, end] : kMarks) {
    if (!bytes.starts_with(start)) continue;
    const size_t last_data = bytes.rfind(data);
    const size_t last_end = bytes.rfind(end);
    return last_data == bytes.npos || last_end == bytes.npos || last_end < last_data;
  }
  return false;
}

bool is_picture_name(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(kPictureEndings.begin(), kPictureEndings.end(), ending) != kPictureEndings.end();
}

std::string text(const PictureSize& size) { return concat(size.height, "x", size.width, "x", size.channels); }

PictureSize encoded_size(std::string_view encoded) { return format_of(encoded).size(encoded); }

void decode_picture(std::string_view encoded, const PictureSize& size, uint8_t* pixels) {
  format_of(encoded).decode(encoded, size, pixels);
}

}  // namespace savp
