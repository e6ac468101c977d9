// How well a model predicts what it does not train on, during training.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/video.h"
#include "datasets/dataset.h"
#include "models/generator.h"
#include "training/sink.h"

namespace savp {

// Metrics of one prediction for each video of a batch, over the predicted frames. Batch and draws are always
// the same, and apart from those of training: with and without validation, training is the same.
class Validation {
 public:
  // Keeps the data's first batch on the device. The generator must outlive it. Throws DataError where the
  // data has too few sequences for a batch.
  Validation(Generator& generator, const Dataset& data, const TrainHparams& hparams,
             const at::Device& device);

  // The mean of each metric ("psnr"); waits for the device.
  Values operator()() const;

 private:
  Generator& generator_;
  int64_t context_;  // frames
  Batch batch_;
};

}  // namespace savp
