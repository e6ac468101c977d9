#include "training/health.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace savp {
namespace {

constexpr int64_t kWeightsInterval = 20;  // steps
constexpr size_t kMedianOf = 101;         // looks at the weights
constexpr double kAbsurdGrowth = 100;     // within so many looks
constexpr double kSmallestSize = 0.01;    // weights of 1 are not absurd, whatever they grew from

// Root mean square, in double: the square of an absurd weight is no float.
double size_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> norms;
  double count = 0;
  for (const auto& tensor : tensors) {
    norms.push_back(at::linalg_vector_norm(tensor.detach(), 2, {}, /*keepdim=*/false, at::kDouble));
    count += static_cast<double>(tensor.numel());
  }
  return norms.empty() ? 0 : at::linalg_vector_norm(at::stack(norms)).item<double>() / std::sqrt(count);
}

// Those that an optimizer changes, of one part ("generator") of the trainer's variables.
std::vector<Tensor> trained(const std::vector<std::pair<std::string, Tensor>>& variables,
                            const std::string& part) {
  std::vector<Tensor> tensors;
  for (const auto& [name, variable] : variables)
    if (name.starts_with(part + "/") && variable.requires_grad()) tensors.push_back(variable);
  return tensors;
}

void append(const std::string& name, const Tensor& value, std::vector<std::string>& names,
            std::vector<Tensor>& values) {
  if (!value.defined()) return;
  names.push_back(name);
  values.push_back(value.detach().to(at::kFloat));
}

Values named(const std::vector<std::string>& names, const float*& next) {
  Values values;
  for (const auto& name : names) values.emplace_back(name, *next++);
  return values;
}

}  // namespace

Health::Health(Trainer& trainer, int64_t max_bad_steps)
    : trainer_(trainer),
      max_bad_steps_(max_bad_steps),
      weights_step_(trainer.global_step()),
      losses_(trainer.global_step()) {
  const auto variables = trainer.state();
  for (const char* part : {kGeneratorScope, kDiscriminatorScope}) {
    Weights weights{part, trained(variables, part), RunningMedian(kMedianOf)};
    if (weights.tensors.empty()) continue;
    if (const auto size = size_of(weights.tensors); std::isfinite(size)) weights.sizes.add(size);
    weights_.push_back(std::move(weights));
  }
}

int64_t Health::interval() const {
  const auto& weights = weights_.front().tensors.front();
  return weights.is_cpu() ? 1 : std::min(kWeightsInterval, max_bad_steps_);
}

void Health::note(const StepReport& report) {
  std::vector<Tensor> values = {report.bad_steps};
  sums_.clear();
  terms_.clear();
  append("g_loss", report.g_loss_post, sums_, values);
  append("d_loss", report.d_loss, sums_, values);
  for (const auto* scalars : {&report.g_losses_post, &report.d_losses})
    for (const auto& [name, value] : *scalars) append(name, value, terms_, values);
  noted_.push_back({trainer_.global_step(), at::stack(values)});
}

std::string Health::look(bool weights) {
  const bool was_in_doubt = in_doubt();
  judge_losses();
  const auto step = trainer_.global_step();
  if (weights || step >= weights_step_ + kWeightsInterval || (in_doubt() && !was_in_doubt))
    if (auto wrong = judge_weights(); !wrong.empty()) return wrong;
  if (losses_.bad_steps() < max_bad_steps_) return "";
  return concat(losses_.complaint(), " (bad step ", losses_.bad_steps(), " in a row)");
}

void Health::judge_losses() {
  if (noted_.empty()) return;
  std::vector<Tensor> rows;
  for (const auto& noted : noted_) rows.push_back(noted.values);
  const auto fetched = at::stack(rows).cpu();
  const auto* next = fetched.const_data_ptr<float>();
  for (const auto& noted : noted_) {
    StepLosses losses{.sums = {}, .terms = {}, .skipped = *next++ > 0};
    losses.sums = named(sums_, next);
    losses.terms = named(terms_, next);
    losses_.add(noted.step, losses);
  }
  noted_.clear();
}

std::string Health::judge_weights() {
  weights_step_ = trainer_.global_step();
  for (auto& weights : weights_)
    if (auto wrong = judge(weights); !wrong.empty()) return wrong;
  return "";
}

std::string Health::judge(Weights& weights) {
  const auto size = size_of(weights.tensors);
  if (!std::isfinite(size)) return weights.part + " weights are not finite";
  const auto before = weights.sizes.empty() ? size : weights.sizes();
  if (size >= kAbsurdGrowth * std::max(before, kSmallestSize))
    return concat(weights.part, " weights are ", size / before, " times as large as before");
  weights.sizes.add(size);
  return "";
}

}  // namespace savp
