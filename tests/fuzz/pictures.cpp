// Pictures, in records and in files: read or refused, in memory that their size was agreed on before.
#include <vector>

#include "core/error.h"
#include "io/image.h"
#include "io/memory_file.h"
#include "io/picture_header.h"

namespace savp {
namespace {

// As records hold them.
void decode(std::string_view encoded) {
  for (const int64_t channels : {1, 3}) {
    const PictureSize expected{64, 64, channels};
    std::vector<uint8_t> pixels(static_cast<size_t>(expected.values()));
    try {
      decode_picture(encoded, expected, pixels.data());
    } catch (const DataError&) {
    }
  }
}

void read_headers(std::string_view bytes) {
  jpeg_has_end(bytes);
  png_has_end(bytes);
  try {
    encoded_size(bytes);
  } catch (const DataError&) {
  }
  // What the decoder makes of larger ones than this takes too long.
  constexpr int64_t kMost = 1 << 18;
  try {
    const auto sides = picture_sides(bytes);
    if (sides && sides->height * sides->width > kMost && sides->height * sides->width <= kMostPixels) return;
    std::string note;
    read_image(MemoryFile(bytes).path(), 3, &note);
  } catch (const DataError&) {
  }
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view encoded(reinterpret_cast<const char*>(bytes), size);
  savp::decode(encoded);
  savp::read_headers(encoded);
  return 0;
}
