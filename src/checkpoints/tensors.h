// Variables of a checkpoint: named tensors to a file and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "io/safetensors.h"

namespace savp {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
using Metadata = std::map<std::string, std::string>;

// A copy in the CPU's memory. Throws DataError for a type that LibTorch does not know.
at::Tensor to_tensor(const TensorView& view);

// Writes model-<step>.safetensors into the folder, with a checksum, and once it is in place removes all but
// the last two. Returns its path.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder, int64_t step,
                                      const NamedTensors& variables, Metadata metadata);

// What may differ between a checkpoint and the variables to fill.
struct Leniency {
  bool unused = false;  // the file may hold further ones (a generator without its discriminators)
  std::vector<std::string> optional;  // these may be missing or of another shape, and then stay as they are
};

// Copies every variable from the file, ours or the ".index" of a TensorFlow checkpoint, into the tensors, on
// whatever device they are; all or nothing. Throws DataError that lists what is missing, not used or of
// another shape, and for a file whose checksum is wrong. Returns the optional ones that were not filled.
std::vector<std::string> restore_checkpoint(const std::filesystem::path& file, const NamedTensors& variables,
                                            const Leniency& leniency = {});

// What save_checkpoint was given beside the variables.
Metadata checkpoint_metadata(const std::filesystem::path& file);

}  // namespace savp
