#include "checkpoints/checksum.h"

#include <algorithm>
#include <cstdio>

#include "io/crc32c.h"

namespace savp {

std::string checksum(std::vector<TensorView> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  uint32_t crc = 0;
  for (const auto& tensor : tensors) {
    crc = crc32c(tensor.name.data(), tensor.name.size(), crc);
    crc = crc32c(tensor.data, tensor.bytes, crc);
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08x", crc);
  return text;
}

}  // namespace savp
