// TFRecord framing: whatever a file holds, it is read or refused with a DataError.
#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/tfrecord.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto file = savp::memory_file(bytes, size);
  try {
    savp::TfRecordReader reader(file.path());
    while (reader.next()) {
    }
  } catch (const savp::DataError&) {
  }
  try {
    savp::count_records(file.path());
  } catch (const savp::DataError&) {
  }
  return 0;
}
