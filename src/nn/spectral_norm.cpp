#include "nn/spectral_norm.h"

#include <torch/types.h>

#include "core/precision.h"

namespace savp::nn {
namespace {

Tensor unit(const Tensor& v) { return v / (torch::norm(v) + 1e-12); }

}  // namespace

SpectralWeight spectral_normalize(const Tensor& weight, const Tensor& u, int64_t iterations) {
  const FloatForward exact;
  const auto matrix = weight.flatten(1);  // [out, rest]
  auto left = u.squeeze(0);
  Tensor right, product;
  for (int64_t i = 0; i < iterations; ++i) {
    right = unit(torch::matmul(left, matrix));
    product = torch::mv(matrix, right);
    left = unit(product);
  }
  return {weight / torch::dot(product, left), left.detach().unsqueeze(0)};
}

}  // namespace savp::nn
