#include "training/vital_signs.h"

#include <ATen/ATen.h>

#include <cmath>

#include "checkpoints/variables.h"

namespace savp {
namespace {

Tensor norm_of_gradients(Trainer& trainer, const std::string& scope) {
  std::vector<Tensor> gradients;
  for (const auto& [name, gradient] : trainer.gradients())
    if (gradient.defined() && name.starts_with(scope + "/")) gradients.push_back(gradient);
  if (gradients.empty()) return {};
  return at::stack(at::_foreach_norm(gradients)).norm();
}

// A discriminator's loss where logits say that true and made frames are equally likely.
double undecided(GanLoss kind) { return kind == GanLoss::kLsgan ? 0.5 : 2 * std::log(2.0); }

Tensor balance(const StepReport& report, GanLoss kind) {
  std::vector<Tensor> losses;
  for (const auto& [name, loss] : report.d_losses)
    if (loss.defined() && name.ends_with("gan_loss")) losses.push_back(loss.detach());
  return losses.empty() ? Tensor() : at::stack(losses).mean() / undecided(kind);
}

}  // namespace

Scalars vital_signs(Trainer& trainer, const StepReport& report) {
  Scalars all;
  const auto add = [&](const char* name, const Tensor& value) {
    if (value.defined()) all.emplace_back(name, value);
  };
  add("g_grad_norm", norm_of_gradients(trainer, kGeneratorScope));
  add("d_grad_norm", norm_of_gradients(trainer, kDiscriminatorScope));
  add("d_balance", balance(report, trainer.hparams().gan_loss_type));
  return all;
}

}  // namespace savp
