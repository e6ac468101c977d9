#include "checkpoints/checksum.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstdio>

namespace savp {
namespace {

uint32_t extend(uint32_t crc, const void* data, size_t bytes) {
  constexpr size_t kPiece = size_t{1} << 30;  // the library counts in int
  const auto* next = static_cast<const unsigned char*>(data);
  for (; bytes > 0; bytes -= std::min(bytes, kPiece), next += kPiece)
    crc = crc32_iscsi(const_cast<unsigned char*>(next), static_cast<int>(std::min(bytes, kPiece)), crc);
  return crc;
}

}  // namespace

std::string checksum(std::vector<TensorView> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  uint32_t crc = 0xffffffffU;
  for (const auto& tensor : tensors) {
    crc = extend(crc, tensor.name.data(), tensor.name.size());
    crc = extend(crc, tensor.data, tensor.bytes);
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08x", ~crc);
  return text;
}

}  // namespace savp
