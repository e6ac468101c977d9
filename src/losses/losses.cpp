#include "losses/losses.h"

#include <torch/types.h>

#include <cmath>

#include "kernels/cosine_distance.h"

namespace savp::losses {
namespace {

// Features may come in less.
Tensor in_float(const Tensor& x) { return x.scalar_type() == torch::kBFloat16 ? x.to(torch::kFloat) : x; }

Tensor unit_vectors(const Tensor& any, int64_t axis) {
  const auto x = in_float(any);
  return x / (torch::linalg_vector_norm(x, 2, {axis}, /*keepdim=*/true, {}) + 1e-10);
}

double entropy(double p) {
  return p > 0.0 && p < 1.0 ? -p * std::log(p) - (1.0 - p) * std::log(1.0 - p) : 0.0;
}

}  // namespace

Tensor l1(const Tensor& prediction, const Tensor& target) {
  return (in_float(target) - in_float(prediction)).abs().mean();
}
Tensor l2(const Tensor& prediction, const Tensor& target) {
  return (in_float(target) - in_float(prediction)).square().mean();
}

Tensor cosine_distance(const Tensor& a, const Tensor& b, int64_t axis) {
  if (axis == 1 && kernels::has_cosine_kernel(a, b)) return kernels::cosine_distance(a, b);
  return (unit_vectors(a, axis) - unit_vectors(b, axis)).square().sum(axis).mean() / 2;
}

Tensor perceptual(const nn::Vgg16& vgg, const Tensor& prediction, const Tensor& target) {
  const auto seen = vgg.forward(prediction), wanted = vgg.forward(target);
  auto sum = torch::zeros({}, prediction.options());
  for (size_t i = 0; i < seen.size(); ++i) sum = sum + cosine_distance(seen[i], wanted[i]);
  return sum;
}

Tensor sigmoid_kl(const Tensor& logits, double target) {
  const auto cross = torch::binary_cross_entropy_with_logits(logits, torch::full_like(logits, target), {}, {},
                                                             at::Reduction::None);
  return cross - entropy(target);
}

Tensor adversarial(const Tensor& logits, double label, GanLoss kind) {
  switch (kind) {
    case GanLoss::kLsgan:
      return (logits - label).square().mean();
    case GanLoss::kGan:
      return sigmoid_kl(logits, label).mean();
    case GanLoss::kSngan:
      TORCH_CHECK(label == 0.0 || label == 1.0, "SNGAN takes the labels 0 and 1 only, not ", label);
      return torch::softplus(label == 1.0 ? -logits : logits).mean();
  }
  throw std::logic_error("an adversarial loss without a function");
}

Tensor kl_divergence(const Gaussian& q, const std::optional<Gaussian>& p) {
  if (!p) return -0.5 * (1.0 + q.log_sigma_sq - q.mu.square() - q.log_sigma_sq.exp()).sum(-1).mean();
  const auto ratio = (q.log_sigma_sq.exp() + (q.mu - p->mu).square()) / (2.0 * p->log_sigma_sq.exp());
  return ((p->log_sigma_sq - q.log_sigma_sq) / 2.0 + ratio - 0.5).sum(-1).mean();
}

Tensor total_variation(const Tensor& flows) {
  const auto along = [&](int64_t axis) {
    const int64_t size = flows.size(axis);
    return (flows.narrow(axis, 1, size - 1) - flows.narrow(axis, 0, size - 1)).abs().sum({2, 3}).mean();
  };
  return along(-2) + along(-1);
}

Tensor charbonnier(const Tensor& x, double epsilon) { return (x.square() + epsilon * epsilon).sqrt().mean(); }

}  // namespace savp::losses
