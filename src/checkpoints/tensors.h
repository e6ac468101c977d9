// Variables of a checkpoint: named tensors to a file and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "checkpoints/own_file.h"
#include "checkpoints/run_dir.h"
#include "checkpoints/variable_source.h"
#include "checkpoints/variables.h"

namespace savp {

// Writes a safetensors file with checksums, which appears whole or not at all.
void write_variables(const std::filesystem::path& file, const NamedTensors& variables, Metadata metadata);

// Writes model-<step>.safetensors into the folder, with checksums, and once it is in place removes older
// ones. Returns its path.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder, int64_t step,
                                      const NamedTensors& variables, Metadata metadata,
                                      const Retention& retention = {});

// What may differ between a checkpoint and the variables to fill.
struct Leniency {
  bool unused = false;  // the source may hold further ones (a generator without its discriminators)
  std::vector<std::string> optional = {};  // may be missing or of another shape, and then stay as they are
  // Whole parts may be missing, and then stay as they are: discriminators, the step, and the state of an
  // optimizer unless all of it is there, also for each discriminator. Discriminators that are not wanted may
  // be there, and what belongs to optimizers, draws and the step.
  bool parts = false;
};

struct Restored {
  std::vector<std::string> optional;  // of the optional ones those that were not filled
  std::vector<std::string> fresh;     // the parts that stayed as they were (Part::name)
  std::vector<std::string> unused;    // the discriminators that were there in vain
};

// Copies every variable from the source into the tensors, on whatever device they are; all or nothing. Throws
// DataError that lists what is missing, not used or of another shape.
Restored restore(const VariableSource& source, const NamedTensors& variables, const Leniency& leniency = {});

}  // namespace savp
