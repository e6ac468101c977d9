// TensorFlow's Adam (Kingma & Ba 2015): lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon). Its
// epsilon stands outside the bias correction, unlike LibTorch's.
//
// All that changes with the step lives on the parameters' device, so that an update can be captured as part
// of a graph and never waits for the device.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/video.h"

namespace savp {

// One update of several parameters; `rate` holds the bias correction. Where `skip` (0-dim float, undefined:
// 0) is 1, nothing changes.
struct AdamUpdate {
  std::vector<Tensor> parameters, gradients, m, v;
  Tensor rate;  // 0-dim float
  double beta1, beta2, epsilon;
  Tensor skip;
};
void adam_update(const AdamUpdate& update);
// The same of LibTorch's plain operators, for devices that have no fused one.
void adam_update_composed(const AdamUpdate& update);

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double clip_norm = 0;     // of all gradients together, which are scaled down to it; 0: any
  double weight_decay = 0;  // share of each kernel, times the learning rate (Loshchilov & Hutter 2019)
};

class Adam {
 public:
  using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

  Adam(NamedTensors parameters, const AdamOptions& options);

  // 0-dim float: 1 where the loss (undefined: none) or a gradient is not finite, else 0.
  Tensor not_finite(const Tensor& loss) const;

  // One update with the gradients in grad(); parameters without one keep their value and moments.
  // learning_rate: 0-dim float on the parameters' device. Where `skip` (0-dim float, undefined: 0) is 1
  // nothing changes, the powers included.
  void step(const Tensor& learning_rate, const Tensor& skip = {});
  void zero_grad();

  // "<parameter>/Adam" (m), "<parameter>/Adam_1" (v), "beta1_power" and "beta2_power" (0-dim): live tensors.
  NamedTensors state() const;

 private:
  void clip(const std::vector<Tensor>& gradients) const;
  void decay(const std::vector<Tensor>& parameters, const Tensor& learning_rate, const Tensor& skip) const;

  NamedTensors parameters_;
  std::vector<Tensor> m_, v_;
  Tensor beta1_power_, beta2_power_;
  Tensor one_;  // 0-dim
  AdamOptions options_;
};

}  // namespace savp
