// What a target is given, as a file.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/memory_file.h"

namespace savp {

inline MemoryFile memory_file(const uint8_t* bytes, size_t size) {
  return MemoryFile({reinterpret_cast<const char*>(bytes), size});
}

}  // namespace savp
