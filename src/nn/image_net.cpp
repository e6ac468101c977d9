#include "nn/image_net.h"

#include <torch/types.h>

namespace savp::nn {
namespace {

// What the published weights expect of red, green and blue.
constexpr double kMean[] = {0.485, 0.456, 0.406}, kDeviation[] = {0.229, 0.224, 0.225};

Tensor colours(const double (&values)[3], const Tensor& like) {
  return torch::tensor(at::ArrayRef<double>(values)).to(like).view({1, 3, 1, 1});
}

}  // namespace

FrozenConv::FrozenConv(int64_t in, int64_t out, int64_t side)
    : weight(register_parameter("weight", torch::zeros({out, in, side, side}), /*requires_grad=*/false)),
      bias(register_parameter("bias", torch::zeros({out}), /*requires_grad=*/false)) {}

Tensor FrozenConv::forward(const Tensor& x, int64_t stride, int64_t padding) const {
  return torch::relu(torch::conv2d(x, weight, bias, stride, padding));
}

Tensor normalized_pictures(const Tensor& pictures) {
  const auto h = pictures.size(1) == 1 ? pictures.expand({-1, 3, -1, -1}) : pictures;
  return (h - colours(kMean, h)) / colours(kDeviation, h);
}

}  // namespace savp::nn
