// JPEG and PNG pictures: read or refused, in memory that their size was agreed on before.
#include <vector>

#include "core/error.h"
#include "io/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view encoded(reinterpret_cast<const char*>(bytes), size);
  for (const int64_t channels : {1, 3}) {
    const savp::PictureSize expected{64, 64, channels};
    std::vector<uint8_t> pixels(static_cast<size_t>(expected.values()));
    try {
      savp::decode_picture(encoded, expected, pixels.data());
    } catch (const savp::DataError&) {
    }
  }
  return 0;
}
