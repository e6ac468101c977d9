// JPEG pictures through libjpeg.
#pragma once

#include <cstdint>
#include <string_view>

#include "io/image.h"

namespace savp {

bool is_jpeg(std::string_view encoded);

PictureSize jpeg_size(std::string_view encoded);

// The picture must be of that size, with one channel (gray) or three (RGB). Both throw DataError ("is a
// damaged JPEG picture: ...").
void decode_jpeg(std::string_view encoded, const PictureSize& size, uint8_t* pixels);

}  // namespace savp
