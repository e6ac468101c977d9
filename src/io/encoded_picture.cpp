#include "io/encoded_picture.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/text.h"
#include "io/image.h"
#include "io/jpeg.h"
#include "io/picture_header.h"
#include "io/png.h"

namespace savp {
namespace {

constexpr std::array kPictureEndings = {".png",  ".jpg", ".jpeg", ".bmp", ".tif",
                                        ".tiff", ".ppm", ".pgm",  ".pnm", ".webp"};

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
  throw DataError("is neither a JPEG nor a PNG image");
}

}  // namespace

bool is_encoded(std::string_view bytes) { return is_jpeg(bytes) || bytes.starts_with("\x89PNG\r\n\x1A\n"); }

bool is_cut(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8")) return !jpeg_has_end(bytes);
  if (bytes.starts_with("\x89PNG")) return !png_has_end(bytes);
  return false;
}

bool is_picture_name(const std::filesystem::path& path) {
  const auto ending = lower_case(path.extension().string());
  return std::find(kPictureEndings.begin(), kPictureEndings.end(), ending) != kPictureEndings.end();
}

std::string text(const PictureSize& size) { return concat(size.height, "x", size.width, "x", size.channels); }

PictureSize encoded_size(std::string_view encoded) { return format_of(encoded).size(encoded); }

void decode_picture(std::string_view encoded, const PictureSize& size, uint8_t* pixels) {
  format_of(encoded).decode(encoded, size, pixels);
}

}  // namespace savp
