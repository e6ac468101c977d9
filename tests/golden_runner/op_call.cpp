#include "golden_runner/op_call.h"

#include <torch/autograd.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "checkpoints/tf_names.h"
#include "core/error.h"

namespace savp::golden {

OpCall::OpCall(const Case& recorded, const Json& op)
    : case_(recorded),
      name_(op["name"].get<std::string>()),
      args_(op["args"]),
      has_gradient_(op["has_grad"].get<bool>()) {
  const auto& tolerances = recorded.json()["tolerances"];
  relative_ = tolerances["rtol"].get<double>();
  absolute_ = tolerances["atol"].get<double>();
  gradients_relative_ = tolerances["grads_rtol"].get<double>();
  for (const auto& [name, shape] : op["inputs"].items())
    inputs_[name] = recorded.tensor(key("in/", name)).to(device()).clone().set_requires_grad(has_gradient_);
  for (const auto& [name, shape] : op["vars"].items())
    variables_[name.substr(name.find('/') + 1)] =
        tf_names::to_our_layout(name, recorded.tensor(key("vars/", name)))
            .to(device())
            .clone()
            .set_requires_grad(has_gradient_);
}

std::array<int64_t, 2> OpCall::size_arg(const char* key, int64_t fallback) const {
  const auto value = args_.value(key, Json(fallback));
  return value.is_array() ? value.get<std::array<int64_t, 2>>()
                          : std::array{value.get<int64_t>(), value.get<int64_t>()};
}

const Tensor& OpCall::input(const std::string& name) const {
  const auto found = inputs_.find(name);
  SAVP_CHECK(found != inputs_.end(), DataError, name_, ": the case has no input '", name, "'");
  return found->second;
}

std::vector<Tensor> OpCall::pictures(const std::string& stem) const {
  std::vector<Tensor> all;
  while (has_input(concat(stem, all.size()))) all.push_back(channels_first(concat(stem, all.size())));
  return all;
}

const Tensor& OpCall::variable(const std::string& name) const {
  const auto found = variables_.find(name);
  SAVP_CHECK(found != variables_.end(), DataError, name_, ": the case has no variable '", name, "'");
  return found->second;
}

// The module's own tensors take the values, and take the variables' places, so that gradients are
// found there.
void OpCall::load(torch::nn::Module& module, const std::string& scope) {
  torch::NoGradGuard no_grad;
  module.to(device());
  size_t used = 0;
  const auto give = [&](const std::string& dotted, Tensor tensor) {
    const auto name = scope + tf_names::from_ours(dotted);
    tensor.copy_(variable(name).reshape(tensor.sizes()));
    variables_[name] = tensor;
    ++used;
  };
  for (const auto& entry : module.named_parameters()) give(entry.key(), entry.value());
  for (const auto& entry : module.named_buffers()) give(entry.key(), entry.value());
  SAVP_CHECK(used == variables_.size(), DataError, name_, ": ", variables_.size() - used,
             " variables have no place in ours");
}

void OpCall::output_list(const std::vector<Tensor>& values) {
  for (size_t i = 0; i < values.size(); ++i) output(concat("out", i), values[i]);
}

void OpCall::compare(Comparison& comparison) {
  for (const auto& name : case_.names(key("out", ""))) {
    const auto& expected = case_.tensor(key("out/", name));
    comparison.compare(name, outputs_[name], expected,
                       expected.abs().to(torch::kDouble) * relative_ + absolute_);
  }
  for (const auto& name : case_.names(key("update", ""))) {
    const auto& expected = case_.tensor(key("update/", name));
    comparison.compare("update/" + name, updates_[name.substr(name.find('/') + 1)], expected,
                       expected.abs().to(torch::kDouble) * relative_ + absolute_);
  }
  if (has_gradient_) compare_gradients(comparison);
}

void OpCall::compare_gradients(Comparison& comparison) {
  Tensor total;
  for (const auto& [name, value] : outputs_) {
    if (!value.defined()) return;  // told as missing
    const auto cotangent = case_.tensor(key("cot/", name)).to(device());
    if (value.numel() != cotangent.numel()) return;  // told as another shape
    const auto part = (value.reshape(cotangent.sizes()) * cotangent).sum();
    total = total.defined() ? total + part : part;
  }
  std::vector<std::string> names;
  std::vector<Tensor> leaves;
  const auto add = [&](const std::string& name, const Tensor& leaf) {
    if (!case_.has(key("grad/", name))) return;
    names.push_back(name);
    leaves.push_back(leaf);
  };
  for (const auto& [name, leaf] : inputs_) add("in/" + name, leaf);
  for (const auto& [name, leaf] : variables_) add("vars/op/" + name, leaf);
  if (leaves.empty()) return;
  const auto gradients = torch::autograd::grad({total}, leaves, {}, {}, false, /*allow_unused=*/true);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto& expected = case_.tensor(key("grad/", names[i]));
    const auto gradient = gradients[i].defined() ? gradients[i] : torch::zeros_like(leaves[i]);
    comparison.compare("grad/" + names[i],
                       names[i].starts_with("vars/") ? tf_names::to_tf_layout(names[i], gradient) : gradient,
                       expected, gradients_relative_ * expected.abs().max().item<double>() + absolute_);
  }
}

}  // namespace savp::golden
