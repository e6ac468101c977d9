#include "training/averaged_weights.h"

#include <ATen/ATen.h>

namespace savp {

AveragedWeights::AveragedWeights(const NamedTensors& weights, double decay) : decay_(decay) {
  if (decay == 0.0) return;
  for (const auto& [name, weight] : weights) {
    names_.push_back(average_name(name));
    weights_.push_back(weight.detach());
    averages_.push_back(weight.detach().clone());
  }
}

void AveragedWeights::update() {
  const at::NoGradGuard no_grad;
  if (!averages_.empty()) at::_foreach_lerp_(averages_, weights_, 1.0 - decay_);
}

void AveragedWeights::restart() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < averages_.size(); ++i) averages_[i].copy_(weights_[i]);
}

// In place: steps that were recorded read the weights where they are.
void AveragedWeights::swap() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < averages_.size(); ++i) {
    const auto weight = weights_[i].clone();
    weights_[i].copy_(averages_[i]);
    averages_[i].copy_(weight);
  }
}

NamedTensors AveragedWeights::state() const {
  NamedTensors all;
  for (size_t i = 0; i < averages_.size(); ++i) all.emplace_back(names_[i], averages_[i]);
  return all;
}

}  // namespace savp
