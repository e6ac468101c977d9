#include "savp/training/adam.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace savp {
namespace {

// So many steps that LibTorch's own bias corrections are exactly 1: ours is part of the learning rate.
constexpr float kNoCorrection = 1e9F;

}  // namespace

Adam::Adam(NamedTensors parameters, double beta1, double beta2, double epsilon)
    : parameters_(std::move(parameters)),
      beta1_power_(torch::full({}, beta1)),
      beta2_power_(torch::full({}, beta2)),
      beta1_(beta1),
      beta2_(beta2),
      epsilon_(epsilon) {
  for (const auto& [name, parameter] : parameters_) {
    m_.push_back(torch::zeros_like(parameter));
    v_.push_back(torch::zeros_like(parameter));
  }
  if (!parameters_.empty())
    rate_ = torch::zeros({}, parameters_.front().second.options().requires_grad(false));
}

void Adam::step(double learning_rate) {
  torch::NoGradGuard no_grad;
  std::vector<Tensor> parameters, gradients, m, v;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i].second;
    if (!parameter.grad().defined()) continue;
    parameters.push_back(parameter);
    gradients.push_back(parameter.grad().contiguous());
    m.push_back(m_[i]);
    v.push_back(v_[i]);
  }
  if (parameters.empty()) return;
  auto* power1 = beta1_power_.data_ptr<float>();
  auto* power2 = beta2_power_.data_ptr<float>();
  rate_.fill_(static_cast<float>(learning_rate) * std::sqrt(1.0F - *power2) / (1.0F - *power1));
  const std::vector<Tensor> steps(parameters.size(), torch::full({}, kNoCorrection, rate_.options()));
  at::_fused_adam_(parameters, gradients, m, v, {}, steps, rate_, beta1_, beta2_, /*weight_decay=*/0.0,
                   epsilon_,
                   /*amsgrad=*/false, /*maximize=*/false);
  *power1 *= static_cast<float>(beta1_);
  *power2 *= static_cast<float>(beta2_);
}

void Adam::zero_grad() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

Adam::NamedTensors Adam::state() const {
  NamedTensors all;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    all.emplace_back(parameters_[i].first + "/Adam", m_[i]);
    all.emplace_back(parameters_[i].first + "/Adam_1", v_[i]);
  }
  all.emplace_back("beta1_power", beta1_power_);
  all.emplace_back("beta2_power", beta2_power_);
  return all;
}

}  // namespace savp
