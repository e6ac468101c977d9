// What training needs of memory, and what to do where there is not enough.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "cli/train.h"

namespace savp::cli {

// With another batch_size than the hyperparameters say, where one is given.
using Training = std::function<void(const TrainOptions& options, std::optional<int64_t> batch_size)>;

// Prints the largest batch_size that fits into options.plan_memory, with and without --recompute. `train` is
// called for it with small batches, as a dry run, each time in a process of its own whose output is dropped;
// so this process must not have started threads or used a GPU. Throws UsageError for a size that is none, and
// what train throws.
void plan_memory(const TrainOptions& options, const Training& train);

// train(options, none), where a lack of memory becomes an error that says what to do about it.
void train_with_remedy(const TrainOptions& options, const Training& train);

}  // namespace savp::cli
