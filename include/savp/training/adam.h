// TensorFlow's Adam (Kingma & Ba 2015): lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon). Its
// epsilon stands outside the bias correction, unlike LibTorch's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "savp/core/video.h"

namespace savp {

class Adam {
 public:
  using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

  Adam(NamedTensors parameters, double beta1, double beta2, double epsilon = 1e-8);

  // One update with the gradients in grad(); parameters without one keep their value and moments.
  void step(double learning_rate);
  void zero_grad();

  // "<parameter>/Adam" (m), "<parameter>/Adam_1" (v), "beta1_power" and "beta2_power" (0-dim, on the CPU):
  // live tensors.
  NamedTensors state() const;

 private:
  NamedTensors parameters_;
  std::vector<Tensor> m_, v_;
  Tensor beta1_power_, beta2_power_;
  Tensor rate_;  // the bias-corrected learning rate, 0-dim, on the parameters' device
  double beta1_, beta2_, epsilon_;
};

}  // namespace savp
