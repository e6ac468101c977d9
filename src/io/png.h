// PNG pictures through libpng.
#pragma once

#include <cstdint>
#include <string_view>

#include "io/image.h"

namespace savp {

bool is_png(std::string_view encoded);

PictureSize png_size(std::string_view encoded);

// The picture must be of that size. Both throw DataError ("is a damaged PNG image: ...").
void decode_png(std::string_view encoded, const PictureSize& size, uint8_t* pixels);

}  // namespace savp
