// A running average of weights, which predicts more steadily than the weights of any one step.
#pragma once

#include <vector>

#include "checkpoints/variables.h"

namespace savp {

class AveragedWeights {
 public:
  // decay: what a step leaves of the average, from 0 to 1; 0: there is none. Starts as the weights are.
  AveragedWeights(const NamedTensors& weights, double decay);

  // After a step; on the device, without waiting.
  void update();
  // As the weights are now.
  void restart();
  // The live tensors under average_name(); empty without an average.
  NamedTensors state() const;

  // The weights have their averages' values, and the averages theirs; a second time puts all back.
  void swap();

 private:
  double decay_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> weights_, averages_;
};

}  // namespace savp
