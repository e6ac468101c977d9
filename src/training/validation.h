// The videos that training never sees, and how well a model does on them in the meantime.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/video.h"
#include "datasets/dataset.h"
#include "metrics/metrics.h"
#include "training/batch_division.h"
#include "training/sink.h"
#include "training/trainer.h"

namespace savp {

// A validation set: a few batches that are always the same, kept in the host's memory, and all of it, read
// again each time.
class ValidationData {
 public:
  // Reads the few batches, over the end of the set again from its beginning where it is smaller. Throws
  // DataError where no sequence is long enough, UsageError where none can be. `parts`: so many of its batches
  // are one of training, which is divided (among processes, or to accumulate): then `few` is a multiple.
  ValidationData(std::unique_ptr<Dataset> data, int64_t batch_size, const at::Device& device, int64_t few,
                 int64_t parts = 1);

  int64_t parts() const { return parts_; }
  int64_t few() const { return static_cast<int64_t>(few_.size()); }
  Batch batch(int64_t index) const { return few_[static_cast<size_t>(index)].to(device_); }

  // How many batches the whole set has: those of full ones of training, at least of one.
  int64_t batches() const;
  // Hands them on with their numbers, until `take` returns false. No more than one is kept.
  void for_each(const std::function<bool(int64_t index, const Batch& batch)>& take) const;

 private:
  BatchOptions options() const;

  std::unique_ptr<Dataset> data_;
  int64_t batch_size_, parts_;
  at::Device device_;
  std::vector<Batch> few_;  // on the CPU
};

// The videos of the data set, few: of its batches of training. As many are computed at once as in training.
std::unique_ptr<ValidationData> read_validation(std::unique_ptr<Dataset> data, int64_t batch_size,
                                                const BatchDivision& division, const at::Device& device,
                                                int64_t few);
// The same of long_sequence_length, of one batch of training; null where it would be the same, or cannot be
// had (a warning).
std::unique_ptr<ValidationData> read_long_validation(std::unique_ptr<Dataset> data, int64_t batch_size,
                                                     const BatchDivision& division, const at::Device& device);

// What the few batches say: the metrics ("psnr") of one prediction of each video, over its predicted frames,
// by the weights that predict (Trainer::Predicting), and the losses that training reports, under their names,
// of the weights that are trained. Draws are always the same, and apart from those of training: with and
// without validation, training is the same. Waits for the device.
Values validate(Trainer& trainer, const ValidationData& data, const std::vector<Metric>& metrics);

// The mean of values with the same names in the same order.
Values mean_of(const std::vector<Values>& all);

}  // namespace savp
