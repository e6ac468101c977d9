// NumPy's npy and npz files: read or refused with a DataError.
#include <algorithm>

#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/array_file.h"

namespace savp {
namespace {

// All values, in portions.
void read_all(ArrayReader reader) {
  constexpr int64_t kPortion = 1 << 16;
  for (auto left = reader.header().values(); left > 0; left -= kPortion)
    reader.read_floats(std::min(left, kPortion));
  reader.finish();
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  const auto memory = memory_file(bytes, size);
  try {
    const ArrayFile file(memory.path());
    for (const auto& name : file.names()) {
      try {
        read_all(file.open(name));
      } catch (const DataError&) {
      }
    }
  } catch (const DataError&) {
  }
  return 0;
}
