#include "savp/core/error.h"
#include "savp/core/interrupt.h"
#include "savp/training/train_loop.h"

namespace savp {
namespace {

// Far apart for neighbouring inputs (the finalizer of SplitMix64).
uint64_t mix(uint64_t seed, uint64_t number) {
  uint64_t z = seed + 0x9e3779b97f4a7c15ULL * (number + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

TrainingBatches::TrainingBatches(Open open, uint64_t seed, int64_t first_step)
    : open_(std::move(open)), seed_(seed), step_(first_step - first_step % kStretch) {
  while (step_ < first_step) {
    next();
    stop_if_interrupted();
  }
}

std::optional<Batch> TrainingBatches::next() {
  if (stretch_ == nullptr || step_ % kStretch == 0) {
    stretch_.reset();  // its threads end before new ones start
    stretch_ = open_(mix(seed_, static_cast<uint64_t>(step_ / kStretch)));
  }
  ++step_;
  auto batch = stretch_->next();
  SAVP_CHECK(batch.has_value(), DataError, "the training data has no sequence that is long enough");
  return batch;
}

}  // namespace savp
