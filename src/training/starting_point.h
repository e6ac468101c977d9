// How a trainer gets its first variables from a checkpoint, and what is told about it.
#pragma once

#include "checkpoints/variable_source.h"
#include "training/trainer.h"

namespace savp {

// Continues the run that the checkpoint is of: bit for bit, unless it was saved on another kind of device or
// by TensorFlow, whose draws cannot be continued (a warning). Throws DataError for what does not fit.
void resume(Trainer& trainer, const VariableSource& checkpoint);

// A new run from the weights of a checkpoint: with its step and Adam's moments if it has them all. What
// starts afresh is told in one line. Throws DataError for what does not fit.
void start_from(Trainer& trainer, const VariableSource& checkpoint);

}  // namespace savp
