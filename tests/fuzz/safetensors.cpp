// Safetensors files: every tensor lies within the file, or the file is refused.
#include "io/safetensors.h"

#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/crc32c.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto memory = savp::memory_file(bytes, size);
  try {
    const auto file = savp::SafetensorsFile::open(memory.path());
    for (const auto& tensor : file.tensors()) {
      savp::crc32c(tensor.data, tensor.bytes);  // touches every byte
      if (file.find(tensor.name) == nullptr) __builtin_trap();
    }
  } catch (const savp::DataError&) {
  }
  return 0;
}
