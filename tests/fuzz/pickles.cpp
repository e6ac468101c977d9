// Python's pickles: plain data or a DataError.
#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const savp::MemoryFile file(bytes, size);
  try {
    savp::read_pickle(file.path());
  } catch (const savp::DataError&) {
  }
  return 0;
}
