#include "golden_runner/tolerances.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace savp::golden {
namespace {

constexpr double kOutputsRelative = 5e-5, kLossesRelative = 1e-4, kGradsRelative = 1e-3;
constexpr double kNoiseFactor = 10;      // allowed error in units of the measured noise
constexpr double kSsimAllowed = 1e-4;    // two versions of the reference differ by a tenth of it
constexpr double kWellAboveNoise = 100;  // from where on an element of a gradient has a certain sign
constexpr double kLongestStep = 1.1;     // of Adam, in learning rates
constexpr double kRounding = 2.4e-7;     // two roundings of a float
constexpr double kShareOfStep = 4;       // relative error of Adam's step per relative error of the gradient

// ".../conv2d/bias" -> ".../conv2d/kernel".
std::string kernel_beside(const std::string& bias) { return bias.substr(0, bias.rfind('/')) + "/kernel"; }

}  // namespace

bool has_no_true_gradient(const std::string& variable, const std::set<std::string>& variables) {
  for (const std::string leaf :
       {"/conv2d/bias", "/conv_pool2d/bias", "/upsample_conv2d/bias", "/deconv2d/bias"})
    if (variable.ends_with(leaf))
      return variables.contains(variable.substr(0, variable.size() - leaf.size()) + "/InstanceNorm/gamma");
  return false;
}

Tolerances::Tolerances(const Case& recorded)
    : grad_noise_(recorded.json().value("grad_noise", Json::object())) {
  for (const auto& output : recorded.json()["outputs"]) outputs_[output["name"].get<std::string>()] = output;
  const auto& tolerances = recorded.json()["tolerances"];
  const auto override = tolerances.value("override", Json::object());
  outputs_relative_ = override.value("outputs_rel_to_tensor_max", kOutputsRelative);
  losses_relative_ = override.value("losses_rtol", kLossesRelative);
  grads_relative_ = override.value("grads_rel_to_tensor_max", kGradsRelative);
  losses_noise_ = tolerances.value(Json::json_pointer("/measured_noise/losses/max_abs_noise"), 0.0);
  if (recorded.steps() > 1)
    later_noise_ = tolerances.value(Json::json_pointer("/measured_noise/after/max_abs_noise"), 0.0);
  for (int64_t step = 0; step < recorded.steps(); ++step) {
    const auto rate = "outputs/learning_rate" + step_suffix(step);  // not recorded where it is constant
    steps_times_rate_ +=
        recorded.has(rate) ? recorded.scalar(rate) : recorded.json()["hparams"]["lr"].get<double>();
  }

  const auto trainable = recorded.json().value("trainable", std::set<std::string>{});
  ill_conditioned_ = tolerances.value("ill_conditioned_grads", std::set<std::string>{});
  for (const auto& name : trainable)
    if (has_no_true_gradient(name, trainable)) without_gradient_.insert(name);
  ill_conditioned_.insert(without_gradient_.begin(), without_gradient_.end());
}

double Tolerances::output(const std::string& name) const {
  if (name == "metrics/ssim" || name.starts_with("eval/ssim/")) return kSsimAllowed;
  const auto& entry = outputs_.at(name);
  return std::max(outputs_relative_ * entry["max_abs"].get<double>(),
                  kNoiseFactor * entry["noise_max"].get<double>());
}

double Tolerances::loss(double expected) const {
  return std::max(losses_relative_ * std::abs(expected), kNoiseFactor * losses_noise_);
}

double Tolerances::gradient(const std::string& variable, double largest) const {
  return grads_relative_ * measure(variable, largest) + kNoiseFactor * noise(variable);
}

double Tolerances::gradient_norm(const std::string& variable, double norm, int64_t count) const {
  return grads_relative_ * measure(variable, norm) +
         kNoiseFactor * noise(variable) * std::sqrt(static_cast<double>(count));
}

double Tolerances::measure(const std::string& variable, double size) const {
  if (!without_gradient_.contains(variable)) return size;
  return std::max(size, largest_gradient(kernel_beside(variable)));
}

double Tolerances::first_moment(const std::string& variable, double largest) const {
  return std::max(gradient(variable, largest), later_noise_);
}

double Tolerances::second_moment(const std::string& variable, double largest) const {
  const auto error = first_moment(variable, largest);
  return (2 * largest + error) * error;
}

Tensor Tolerances::after(const std::string& variable, const Tensor& expected, const Tensor& gradient,
                         double largest) const {
  const auto value = expected.to(at::kDouble);
  const auto longest = at::full_like(value, 2 * kLongestStep * steps_times_rate_);
  if (ill_conditioned_.contains(variable)) return longest;
  const auto size = gradient.to(at::kDouble).abs();
  const auto share = kShareOfStep * steps_times_rate_ * this->gradient(variable, largest) / size;
  const auto certain = at::minimum(share, longest) + kRounding * value.abs();
  return at::where(size > kWellAboveNoise * noise(variable), certain, longest);
}

double Tolerances::untrained(const Tensor& expected) {
  return kOutputsRelative * expected.abs().max().item<double>();
}

double Tolerances::grad_entry(const std::string& variable, size_t place) const {
  const auto entry = grad_noise_.find(variable);
  return entry == grad_noise_.end() ? 0.0 : entry->at(place).get<double>();
}

}  // namespace savp::golden
