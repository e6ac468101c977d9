// Files of torch.save() and TorchScript: tensors, or a DataError.
#include "core/error.h"
#include "fuzz/memory_file.h"
#include "io/torch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto file = savp::memory_file(bytes, size);
  try {
    if (savp::is_torch_script(file.path())) savp::check_torch_script(file.path());
    savp::read_torch_file(file.path(), [](const std::string&) { return true; });
  } catch (const savp::DataError&) {
  }
  return 0;
}
