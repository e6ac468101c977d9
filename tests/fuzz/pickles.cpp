// Python's pickles: plain data, arrays or tensors, or a DataError of each reader.
#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/pickle.h"

namespace {

template <class Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const savp::DataError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto file = savp::memory_file(bytes, size);
  const std::string program(reinterpret_cast<const char*>(bytes), size);
  read_or_refuse([&] { savp::read_pickle(file.path()); });
  read_or_refuse([&] { savp::read_pickled_arrays(file.path()); });
  read_or_refuse([&] { savp::read_pickled_tensors(program, "input"); });
  read_or_refuse([&] { savp::read_all_pickled_tensors(program, "input"); });
  return 0;
}
