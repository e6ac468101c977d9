// CRC-32C (Castagnoli), as TensorFlow's files and ours are checked with.
#pragma once

#include <cstddef>
#include <cstdint>

namespace savp {

// Of the bytes, or of all bytes so far where `before` is the value of those that came first.
uint32_t crc32c(const void* data, size_t bytes, uint32_t before = 0);

// As it is stored beside the bytes it was taken of: (crc >> 15 | crc << 17) + 0xa282ead8.
uint32_t masked(uint32_t crc);

}  // namespace savp
