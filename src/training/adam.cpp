#include "training/adam.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <optional>

#include "checkpoints/tf_names.h"
#include "core/error.h"

namespace savp {
namespace {

// So many steps that LibTorch's own bias corrections are exactly 1: ours is part of the learning rate.
constexpr double kNoCorrection = 1e9;

bool has_fused_update(const at::Device& device) { return device.is_cpu() || device.is_cuda(); }

}  // namespace

void adam_update_composed(const AdamUpdate& u) {
  const auto kept = [&](const Tensor& before, const Tensor& after) {
    before.copy_(u.skip.defined() ? torch::where(u.skip > 0.0, before, after) : after);
  };
  for (size_t i = 0; i < u.parameters.size(); ++i) {
    const auto &w = u.parameters[i], &g = u.gradients[i];
    const auto m = u.m[i] + (1.0 - u.beta1) * (g - u.m[i]);
    const auto v = u.beta2 * u.v[i] + (1.0 - u.beta2) * g * g;
    kept(w, w - u.rate * m / (v.sqrt() + u.epsilon));
    kept(u.m[i], m);
    kept(u.v[i], v);
  }
}

void adam_update(const AdamUpdate& u) {
  const std::vector<Tensor> steps(u.parameters.size(), torch::full({}, kNoCorrection, u.rate.options()));
  const auto fused = [&](const auto& rate) {
    at::_fused_adam_(u.parameters, u.gradients, u.m, u.v, {}, steps, rate, u.beta1, u.beta2,
                     /*weight_decay=*/0.0, u.epsilon, /*amsgrad=*/false, /*maximize=*/false,
                     /*grad_scale=*/{}, u.skip.defined() ? std::optional(u.skip) : std::nullopt);
  };
  if (!has_fused_update(u.rate.device())) return adam_update_composed(u);
  if (u.rate.is_cpu()) return fused(static_cast<double>(*u.rate.const_data_ptr<float>()));  // it is at hand
  fused(u.rate);
}

Adam::Adam(NamedTensors parameters, const AdamOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  const auto device = parameters_.empty() ? at::Device(at::kCPU) : parameters_.front().second.device();
  const auto scalar = [&](double value) {
    return torch::full({}, value, torch::device(device).dtype(torch::kFloat));
  };
  beta1_power_ = scalar(options.beta1);
  beta2_power_ = scalar(options.beta2);
  one_ = scalar(1.0);
  for (const auto& [name, parameter] : parameters_) {
    m_.push_back(torch::zeros_like(parameter));
    v_.push_back(torch::zeros_like(parameter));
  }
}

Tensor Adam::not_finite(const Tensor& loss) const {
  torch::NoGradGuard no_grad;
  auto found = loss.defined() ? 1.0F - loss.detach().isfinite().to(torch::kFloat) : torch::zeros_like(one_);
  std::vector<Tensor> gradients;
  for (const auto& [name, parameter] : parameters_)
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  if (!gradients.empty() && has_fused_update(one_.device()))
    at::_amp_foreach_non_finite_check_and_unscale_(gradients, found, one_);
  return found;
}

void Adam::step(const Tensor& learning_rate, const Tensor& skip) {
  torch::NoGradGuard no_grad;
  AdamUpdate u{.beta1 = options_.beta1, .beta2 = options_.beta2, .epsilon = options_.epsilon, .skip = skip};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i].second;
    if (!parameter.grad().defined()) continue;
    u.parameters.push_back(parameter);
    u.gradients.push_back(parameter.grad().contiguous());
    u.m.push_back(m_[i]);
    u.v.push_back(v_[i]);
  }
  if (u.parameters.empty()) return;
  if (options_.clip_norm > 0) clip(u.gradients);
  if (options_.weight_decay > 0) decay(u.parameters, learning_rate, skip);
  u.rate = learning_rate * (1.0 - beta2_power_).sqrt() / (1.0 - beta1_power_);
  adam_update(u);
  for (const auto& [power, beta] :
       {std::pair(beta1_power_, options_.beta1), std::pair(beta2_power_, options_.beta2)}) {
    const auto next = power * beta;
    power.copy_(skip.defined() ? torch::where(skip > 0.0, power, next) : next);
  }
}

// A norm that is not finite is that of a step which is skipped.
void Adam::clip(const std::vector<Tensor>& gradients) const {
  const auto norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  at::_foreach_mul_(gradients, (options_.clip_norm / (norm + 1e-6)).clamp_max(1.0));
}

// Biases and the scales of norms keep their size.
void Adam::decay(const std::vector<Tensor>& parameters, const Tensor& learning_rate,
                 const Tensor& skip) const {
  std::vector<Tensor> kernels;
  for (const auto& parameter : parameters)
    if (parameter.dim() > 1) kernels.push_back(parameter);
  if (kernels.empty()) return;
  auto factor = 1.0 - options_.weight_decay * learning_rate;
  if (skip.defined()) factor = torch::where(skip > 0.0, one_, factor);
  at::_foreach_mul_(kernels, factor);
}

void Adam::zero_grad() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

Adam::NamedTensors Adam::state() const {
  NamedTensors all;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    all.emplace_back(concat(parameters_[i].first, tf_names::kFirstMoment), m_[i]);
    all.emplace_back(concat(parameters_[i].first, tf_names::kSecondMoment), v_[i]);
  }
  all.emplace_back(tf_names::kBeta1Power, beta1_power_);
  all.emplace_back(tf_names::kBeta2Power, beta2_power_);
  return all;
}

}  // namespace savp
