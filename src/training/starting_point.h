// Where a run begins: anew, with the weights of a checkpoint, or where the run of a checkpoint was.
#pragma once

#include <cstdint>
#include <optional>

#include "checkpoints/run_dir.h"
#include "checkpoints/variable_source.h"
#include "datasets/stream.h"
#include "training/communicator.h"
#include "training/trainer.h"

namespace savp {

struct StartingPoint {
  uint64_t seed = 0;
  StreamPosition position = {};                  // in the data, of this process
  std::optional<VariableSource> variables = {};  // until a trainer has them
  bool continues = false;                        // the checkpoint's run, in place of starting another
};

// Reads the checkpoint, before anything that takes time: it may be damaged. The seed is the one given, else
// that of the run which continues, else a new one, the same for all processes. Only a run that continues does
// so where it was in the data. Throws DataError.
StartingPoint find_start(const std::optional<Checkpoint>& checkpoint, bool continues,
                         std::optional<int64_t> seed, Communicator& team);

// Continues the run that the checkpoint is of: bit for bit, unless it was saved on another kind of device or
// by TensorFlow, whose draws cannot be continued (a warning). Throws DataError for what does not fit.
void resume(Trainer& trainer, const VariableSource& checkpoint);

// A new run from the weights of a checkpoint: with its step and Adam's moments if it has them all. What
// starts afresh is told in one line. Throws DataError for what does not fit.
void start_from(Trainer& trainer, const VariableSource& checkpoint);

// The trainer's first variables, the same in all processes: one or the other of these, or none. The starting
// point has them no longer.
void fill(Trainer& trainer, StartingPoint& start);

}  // namespace savp
