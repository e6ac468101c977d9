// A predictor with weights: a module that can be trained.
#pragma once

#include <torch/nn/module.h>

#include <set>
#include <string>
#include <vector>

#include "core/step.h"
#include "core/video.h"
#include "models/predictor.h"

namespace savp {

class Generator : public torch::nn::Module, public VideoPredictor {
 public:
  // One pass over a whole sequence, batch.images [T, B, C, H, W] with T = sequence_length.
  virtual GeneratorOutput forward(const Batch& batch, const StepContext& now) = 0;

  // What forward() gives with these hyperparameters, images apart.
  virtual std::set<OutputKind> provides() const = 0;

  // Parameters that only forward() uses, so that a checkpoint may lack them, or have others, when predicting.
  virtual std::vector<std::string> training_only() const { return {}; }

  // Further rollouts of the prior that summaries show (StepContext::samples).
  virtual int64_t summary_samples() const { return 0; }

  // Whether true frames are ever fed after the context in training.
  virtual bool samples_ground_truth() const { return true; }
  // Probability of feeding true frames after the context at a step.
  virtual double ground_truth_sampling(int64_t step) const = 0;
};

}  // namespace savp
