// What a training is to be, from the flags of savp_train and from what lies in the folders that these name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "checkpoints/run_dir.h"
#include "cli/train.h"
#include "io/folder_lock.h"
#include "training/batch_division.h"
#include "training/communicator.h"
#include "training/starting_point.h"

namespace savp::cli {

// The options with all that follows from them filled in, and what stands behind them.
struct TrainPlan {
  TrainOptions options;
  std::shared_ptr<Communicator> team;
  bool writes;                                // one process of the team does
  std::optional<FolderLock> lock = {};        // of the run's folder
  std::optional<Checkpoint> checkpoint = {};  // that it starts from
  StartingPoint start = {};
  HparamsDicts dataset_dicts = {}, model_dicts = {};
  bool with_preset = false;                // below all dicts
  std::optional<int64_t> batch_size = {};  // that is tried, whatever the hyperparameters say

  Shard shard() const { return {team->rank(), team->size()}; }
  BatchDivision division() const { return {team->size(), options.accumulate_steps}; }
};

// Takes the run's folder, where this process writes. Throws UsageError for flags that contradict each other
// or what is there, DataError for a damaged checkpoint.
TrainPlan settle(const TrainOptions& options, const std::shared_ptr<Communicator>& team);

}  // namespace savp::cli
