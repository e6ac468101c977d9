// A predictor with weights: a module that can be trained.
#pragma once

#include <torch/nn/module.h>

#include "savp/core/step.h"
#include "savp/core/video.h"
#include "savp/models/predictor.h"

namespace savp {

class Generator : public torch::nn::Module, public Predictor {
 public:
  // One pass over a whole sequence, batch.images [T, B, C, H, W] with T = sequence_length.
  virtual GeneratorOutput forward(const Batch& batch, const StepContext& now) = 0;

  // Probability of feeding true frames after the context at a step.
  virtual double ground_truth_sampling(int64_t step) const = 0;
};

}  // namespace savp
