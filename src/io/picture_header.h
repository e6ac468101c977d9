// What the header of a picture file says, for all formats that read_image() knows: enough to refuse a file
// that would fill the memory before anything is decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace savp {

struct PictureSides {
  int64_t height = 0, width = 0;  // pixels
};

// Nothing where the bytes begin like none of the formats (PNG, JPEG, BMP, TIFF, PNM, WebP). Throws DataError
// ("has no ...") for a header that is damaged.
std::optional<PictureSides> picture_sides(std::string_view bytes);

// Whether the file goes on to its end mark, whatever follows it.
bool jpeg_has_end(std::string_view bytes);
bool png_has_end(std::string_view bytes);

}  // namespace savp
