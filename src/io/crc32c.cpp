#include "io/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <bit>

namespace savp {

uint32_t crc32c(const void* data, size_t bytes, uint32_t before) {
  constexpr size_t kPiece = size_t{1} << 30;  // the library counts in int
  auto* next = const_cast<unsigned char*>(static_cast<const unsigned char*>(data));  // it only reads
  uint32_t crc = ~before;
  for (; bytes > 0; bytes -= std::min(bytes, kPiece), next += kPiece)
    crc = crc32_iscsi(next, static_cast<int>(std::min(bytes, kPiece)), crc);
  return ~crc;
}

uint32_t masked(uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8U; }

}  // namespace savp
