#include "nn/spectral_norm.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include <vector>

#include "core/precision.h"

namespace savp::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kLeastNorm = 1e-12;

// y / |y|, and |y|.
struct Unit {
  Tensor direction, norm;
};

Unit unit(const Tensor& y) {
  const auto norm = at::linalg_vector_norm(y).clamp_min(kLeastNorm);
  return {y / norm, norm};
}

// The gradient of y, of that of its direction.
Tensor through(const Unit& unit, const Tensor& gradient) {
  const auto along = at::dot(unit.direction, gradient);
  return at::addcmul(gradient, unit.direction, along, -1) / unit.norm;
}

// weight / s, s = |matrix right|: the power iteration goes left -> right -> left, and s is what its last half
// takes off. That half has no gradient of its own: a direction's change is at right angles to it. All others
// have one, which as autograd would find it takes some thirty operators more.
struct SpectralNorm : torch::autograd::Function<SpectralNorm> {
  static variable_list forward(AutogradContext* context, const Tensor& weight, const Tensor& u,
                               int64_t iterations) {
    const auto matrix = weight.flatten(1);  // [out, rest]
    auto left = u.squeeze(0);
    variable_list kept = {weight, left};
    Tensor s;
    for (int64_t i = 0; i < iterations; ++i) {
      const auto right = unit(at::mv(matrix.t(), left)), next = unit(at::mv(matrix, right.direction));
      kept.insert(kept.end(), {right.direction, right.norm, next.direction, next.norm});
      left = next.direction;
      s = next.norm;
    }
    const auto normalized = weight / s;
    kept.push_back(normalized);
    const auto next_u = left.unsqueeze(0);
    context->save_for_backward(kept);
    context->mark_non_differentiable({next_u});
    return {normalized, next_u};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto kept = context->get_saved_variables();
    const auto &weight = kept.front(), &normalized = kept.back(), &gradient = gradients.front();
    const auto matrix = weight.flatten(1);
    const auto iterations = (kept.size() - 3) / 4;
    const auto right = [&](size_t i) { return Unit{kept[4 * i + 2], kept[4 * i + 3]}; };
    const auto left = [&](size_t i) {  // before iteration i; the first has no norm
      return i == 0 ? Unit{kept[1], {}} : Unit{kept[4 * i], kept[4 * i + 1]};
    };
    const auto of_s = at::dot(gradient.flatten(), normalized.flatten()).neg_();  // times s
    auto product = left(iterations).direction * of_s;  // the gradient of matrix right
    auto sum = gradient.flatten(1);
    for (size_t i = iterations; i-- > 0;) {
      const auto back = through(right(i), at::mv(matrix.t(), product));
      sum = at::addr(at::addr(sum, product, right(i).direction), left(i).direction, back);
      if (i > 0) product = through(left(i), at::mv(matrix, back));
    }
    return {(sum / left(iterations).norm).view_as(weight), {}, {}};
  }
};

}  // namespace

SpectralWeight spectral_normalize(const Tensor& weight, const Tensor& u, int64_t iterations) {
  const FloatForward exact;
  const auto both = SpectralNorm::apply(weight, u, iterations);
  return {both[0], both[1].detach()};
}

}  // namespace savp::nn
