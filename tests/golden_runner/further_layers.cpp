#include "golden_runner/further_layers.h"

#include <torch/types.h>

#include <limits>

namespace savp::nn {
namespace {

// Means with sums of their own divided by sums of ones, so that padding does not count.
Tensor mean_without_padding(const Tensor& x, Size2 size, Size2 stride) {
  const auto sums = [&](const Tensor& values) {
    const auto padded = pad2d(values, size, stride, {1, 1}, Padding::kSame, Border::kConstant);
    return torch::avg_pool2d(padded, size, stride, 0, false, true, /*divisor_override=*/1);
  };
  return sums(x) / sums(torch::ones_like(x));
}

Tensor max_pool(const Tensor& x, Size2 size, Size2 stride, Padding padding) {
  // Padded zeros stand for nothing: they are moved out of the way.
  const auto inside = pad2d(torch::ones_like(x), size, stride, {1, 1}, padding, Border::kConstant);
  const auto padded = pad2d(x, size, stride, {1, 1}, padding, Border::kConstant);
  return torch::max_pool2d(padded.masked_fill(inside == 0, -std::numeric_limits<double>::infinity()), size,
                           stride);
}

// The surroundings of each place, zeros beyond the border: [B, C, kh, kw, H, W].
Tensor surroundings(const Tensor& x, int64_t height, int64_t width) {
  const auto padded =
      torch::constant_pad_nd(x, {width / 2, width - 1 - width / 2, height / 2, height - 1 - height / 2});
  return torch::im2col(padded, {height, width}, {1, 1}, {0, 0}, {1, 1})
      .view({x.size(0), x.size(1), height, width, x.size(2), x.size(3)});
}

}  // namespace

Tensor pool2d(const Tensor& x, Size2 size, Size2 stride, Padding padding, Pooling kind) {
  if (kind == Pooling::kMax) return max_pool(x, size, stride, padding);
  if (padding == Padding::kSame) return mean_without_padding(x, size, stride);
  return torch::avg_pool2d(pad2d(x, size, stride, {1, 1}, padding, Border::kConstant), size, stride);
}

Tensor upsample2d(const Tensor& x, Size2 factors, Upsampling kind, Padding padding) {
  if (kind == Upsampling::kNearest)
    return x.repeat_interleave(factors[0], 2).repeat_interleave(factors[1], 3);
  const auto kernel = bilinear_kernel(factors).to(x);
  const int64_t channels = x.size(1);
  auto whole = torch::conv_transpose2d(x, kernel.expand({channels, 1, kernel.size(0), kernel.size(1)}), {},
                                       factors, 0, 0, /*groups=*/channels);
  if (padding == Padding::kValid) return whole;
  const auto cut = [&](const Tensor& y, int64_t axis) {
    const int64_t size = x.size(axis) * factors[axis - 2];
    return y.narrow(axis, (y.size(axis) - size) / 2, size);
  };
  return cut(cut(whole, 2), 3);
}

Tensor pad1d(const Tensor& x, int64_t size, int64_t stride, Padding padding) {
  return pad2d(x.unsqueeze(2), {1, size}, {1, stride}, {1, 1}, padding, Border::kConstant).squeeze(2);
}

Tensor conv1d(const Tensor& x, const Tensor& kernel, const Tensor& bias, int64_t stride, Padding padding) {
  return torch::conv1d(pad1d(x, kernel.size(0), stride, padding), kernel.permute({2, 1, 0}), bias, stride);
}

Tensor depthwise_conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias) {
  const auto padded =
      pad2d(x, {kernel.size(2), kernel.size(3)}, {1, 1}, {1, 1}, Padding::kSame, Border::kConstant);
  return torch::conv2d(padded, kernel.transpose(0, 1).flatten(0, 1).unsqueeze(1), bias, 1, at::IntArrayRef(0),
                       1,
                       /*groups=*/x.size(1));
}

Tensor conv2d_each(const Tensor& x, const Tensor& kernels, const Tensor& biases) {
  const int64_t batch = x.size(0);
  const auto padded =
      pad2d(x, {kernels.size(3), kernels.size(4)}, {1, 1}, {1, 1}, Padding::kSame, Border::kConstant);
  return torch::conv2d(padded.flatten(0, 1).unsqueeze(0), kernels.flatten(0, 1), biases.flatten(), 1,
                       at::IntArrayRef(0), 1, /*groups=*/batch)
      .view({batch, kernels.size(1), x.size(2), x.size(3)});
}

Tensor local2d(const Tensor& x, const Tensor& kernels) {
  const auto near = surroundings(x, kernels.size(-4), kernels.size(-3));
  const char* products = kernels.dim() == 7 ? "bcijyx,byxijco->boyx" : "bcijyx,yxijco->boyx";
  return torch::einsum(products, {near, kernels});
}

Tensor local2d_channelwise(const Tensor& x, const Tensor& kernels) {
  const auto near = surroundings(x, kernels.size(-3), kernels.size(-2));
  return torch::einsum("bcijyx,byxijc->bcyx", {near, kernels});
}

Tensor separable_local2d(const Tensor& x, const Tensor& columns, const Tensor& rows) {
  return local2d(x, torch::einsum("yxico,yxjco->yxijco", {columns, rows}));
}

Tensor kronecker_local2d(const Tensor& x, const std::vector<Tensor>& factors) {
  auto kernels = factors.front();
  for (size_t i = 1; i < factors.size(); ++i)
    kernels = torch::einsum("yxijco,yxklco->yxikjlco", {kernels, factors[i]}).flatten(4, 5).flatten(2, 3);
  return local2d(x, kernels);
}

Tensor batch_norm(const Tensor& x, const Tensor& scale, const Tensor& offset, double epsilon) {
  return torch::batch_norm(x, scale, offset, {}, {}, /*training=*/true, /*momentum=*/0.0, epsilon, false);
}

Tensor instance_norm(const Tensor& x, const Tensor& scale, const Tensor& offset, double epsilon) {
  return torch::group_norm(x, x.size(1), scale, offset, epsilon);
}

Tensor with_length(const Tensor& sequence, int64_t length) {
  if (sequence.size(0) >= length) return sequence.narrow(0, 0, length);
  auto size = sequence.sizes().vec();
  size[0] = length - size[0];
  return torch::cat({sequence, torch::zeros(size, sequence.options())});
}

}  // namespace savp::nn
