// Examples and SequenceExamples: whatever a record holds, every data set reads or refuses it.
#include "datasets/layouts.h"
#include "savp/core/error.h"
#include "savp/datasets/spec.h"
#include "savp/io/example.h"

namespace savp {
namespace {

void read_features(const ExampleView& record) {
  for (const auto& [name, feature] : record.features()) {
    feature.bytes();
    feature.floats();
    feature.ints();
  }
}

void read_as(const DatasetSpec& spec, const ExampleView& record, bool use_state) {
  try {
    looks_like(record, spec);
    split(record, spec, inspect(record, spec, use_state));
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace savp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace savp;
  try {
    const ExampleView record({reinterpret_cast<const char*>(bytes), size});
    read_features(record);
    for (const auto& spec : datasets())
      for (const bool use_state : {false, true}) read_as(spec, record, use_state);
  } catch (const DataError&) {
  }
  return 0;
}
