// What a forward pass knows of the moment it runs in.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/noise.h"

namespace savp {

// Everything that changes with the step is a 0-dim float tensor on the device, so that a step can be captured
// as a graph.
struct StepContext {
  Noise& noise;
  at::Tensor learning_rate;          // of both optimizers
  at::Tensor kl_weight;              // annealed
  at::Tensor global_step;            // undefined outside training
  at::Tensor ground_truth_sampling;  // probability of feeding true frames after the context; undefined: never
  bool prior = true;                 // roll out the prior as well as the posterior, where there are both
  bool details = false;              // keep masks and transformed images
  bool recompute = false;            // make a rollout's activations again in backward instead of keeping them
  int64_t samples = 0;               // further prior rollouts for GeneratorOutput::samples
};

}  // namespace savp
