#include "nn/layers.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/table.h"
#include "kernels/instance_norm.h"
#include "nn/recomputed.h"

namespace savp::nn {
namespace {

using kernels::Pads;

// What SAME and FULL add to one axis.
Pads pads(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, Padding padding) {
  if (padding == Padding::kValid) return {};
  const int64_t rest = size % stride == 0 ? stride : size % stride;
  const int64_t total = dilation > 1 ? (kernel - 1) * dilation : std::max<int64_t>(kernel - rest, 0);
  if (padding == Padding::kFull) return {total, total};
  return {total / 2, total - total / 2};
}

// A dilated convolution pads on until the dilation divides the size.
Pads divisible(Pads p, int64_t size, int64_t dilation) {
  p.after += (dilation - (size + p.before + p.after) % dilation) % dilation;
  return p;
}

// A kernel for uses with equal pads on all sides, as SAME gives them at even sizes; any others go
// another way.
kernels::PreparedConv prepare(const Tensor& kernel, Size2 stride, int64_t uses) {
  return kernels::PreparedConv(
      kernel, {.stride = stride[0], .padding = (kernel.size(2) - stride[0]) / 2, .uses = uses});
}

// A convolution with given pads, inside the convolution itself where they are the same on both sides.
Tensor convolved(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& bias, Size2 stride,
                 Pads vertical, Pads horizontal) {
  const auto& kernel = folded.product_weight();
  const auto prepared = folded.options().padding;
  if (stride[0] == stride[1] && stride[0] == folded.options().stride && vertical.before == prepared &&
      vertical.after == prepared && horizontal.before == prepared && horizontal.after == prepared)
    return folded(x, bias);
  if (vertical.before == vertical.after && horizontal.before == horizontal.after)
    return torch::conv2d(x, kernel, bias, stride, {vertical.before, horizontal.before});
  return torch::conv2d(kernels::padded(x, vertical, horizontal, Border::kConstant), kernel, bias, stride);
}

class Identity : public Norm {
 public:
  Tensor forward(const Tensor& x) override { return x; }
};

class Affine : public Norm {
 public:
  Affine(int64_t channels, double beta_value)
      : gamma(register_parameter("gamma", torch::ones({channels}))),
        beta(register_parameter("beta", torch::full({channels}, beta_value))) {}
  Tensor gamma, beta;
};

// Statistics over H, W of each sample and channel, biased variance.
class InstanceNorm : public Affine {
 public:
  using Affine::Affine;
  Tensor forward(const Tensor& x) override {
    return kernels::instance_norm(x, {gamma, beta}, {.epsilon = kInstanceNormEpsilon});
  }
  Tensor forward_relu(const Tensor& x, double negative_slope) override {
    return kernels::instance_norm(x, {gamma, beta},
                                  {.epsilon = kInstanceNormEpsilon, .negative_slope = negative_slope});
  }
  bool removes_bias() const override { return true; }
};

// Statistics over C, H, W of each sample.
class LayerNorm : public Affine {
 public:
  using Affine::Affine;
  Tensor forward(const Tensor& x) override { return torch::group_norm(x, 1, gamma, beta, 1e-12); }
};

// As TensorFlow's: epsilon 1e-3, moving averages that keep 99 % a step.
class BatchNorm : public Affine {
 public:
  BatchNorm(int64_t channels, double beta_value, bool trained)
      : Affine(channels, beta_value),
        moving_mean(register_buffer("moving_mean", torch::zeros({channels}))),
        moving_variance(register_buffer("moving_variance", torch::ones({channels}))),
        trained_(trained) {}
  Tensor forward(const Tensor& x) override {
    // Without a gradient nothing is trained: a prediction between two steps leaves the averages alone.
    const bool training = trained_ && is_training() && torch::GradMode::is_enabled();
    const bool moved = training && recomputing();  // the averages, by the first call
    return torch::batch_norm(x, gamma, beta, moved ? Tensor() : moving_mean,
                             moved ? Tensor() : moving_variance, training, /*momentum=*/0.01, 1e-3, false);
  }
  Tensor moving_mean, moving_variance;

 private:
  bool trained_;
};

struct NormVariant {
  const char* scope;
  std::shared_ptr<Norm> (*make)(int64_t channels, double beta);
};
template <class N>
std::shared_ptr<Norm> make_affine(int64_t channels, double beta) {
  return std::make_shared<N>(channels, beta);
}
template <bool trained>
std::shared_ptr<Norm> make_batch_norm(int64_t channels, double beta) {
  return std::make_shared<BatchNorm>(channels, beta, trained);
}
std::shared_ptr<Norm> make_identity(int64_t /*channels*/, double /*beta*/) {
  return std::make_shared<Identity>();
}
constexpr std::pair<NormLayer, NormVariant> kNorms[] = {
    {NormLayer::kBatch, {"batch_normalization", make_batch_norm<false>}},
    {NormLayer::kBatchTrained, {"batch_normalization", make_batch_norm<true>}},
    {NormLayer::kLayer, {"LayerNorm", make_affine<LayerNorm>}},
    {NormLayer::kInstance, {"InstanceNorm", make_affine<InstanceNorm>}},
    {NormLayer::kNone, {"none", make_identity}},
};

template <class Layer>
ConvVariant variant(const char* scope) {
  return {scope, [](const ConvOptions& options) -> std::shared_ptr<ConvLayer> {
            return std::make_shared<Layer>(options);
          }};
}

}  // namespace

void place(torch::nn::Module& root, const std::string& path,
           const std::shared_ptr<torch::nn::Module>& module) {
  const auto dot = path.find('.');
  if (dot == std::string::npos) {
    root.register_module(path, module);
    return;
  }
  const auto scope = path.substr(0, dot);
  for (const auto& child : root.named_children())
    if (child.key() == scope) return place(*child.value(), path.substr(dot + 1), module);
  place(*root.register_module(scope, std::make_shared<torch::nn::Module>()), path.substr(dot + 1), module);
}

Tensor truncated_normal(at::IntArrayRef shape, double std) {
  const auto weight = torch::empty(shape);
  // Inverse of the cumulative distribution between -2 and 2 deviations.
  const double low = std::erf(-2.0 / std::sqrt(2.0));
  return weight.uniform_(low, -low).erfinv_().mul_(std * std::sqrt(2.0)).clamp_(-2.0 * std, 2.0 * std);
}

Tensor glorot_uniform(int64_t in, int64_t out) {
  const double limit = std::sqrt(6.0 / static_cast<double>(in + out));
  return torch::empty({in, out}).uniform_(-limit, limit);
}

Tensor pad2d(const Tensor& x, Size2 kernel, Size2 stride, Size2 dilation, Padding padding, Border border) {
  const auto axis = [&](int64_t size, int i) {
    const Pads p = pads(size, kernel[i], stride[i], dilation[i], padding);
    return padding == Padding::kValid ? p : divisible(p, size, dilation[i]);
  };
  return kernels::padded(x, axis(x.size(-2), 0), axis(x.size(-1), 1), border);
}

Tensor bilinear_kernel(Size2 factors) {
  const auto tent = [](int64_t factor) {
    const int64_t size = 2 * factor - factor % 2;
    const double centre = static_cast<double>(size - 1) / 2.0;
    return 1.0 - (torch::arange(size, torch::kFloat) - centre).abs() / static_cast<double>(factor);
  };
  return torch::outer(tent(factors[0]), tent(factors[1]));
}

Tensor flatten_channels_last(const Tensor& x) { return x.movedim(1, -1).flatten(1); }

Tensor tile_concat(const Tensor& x, const Tensor& vector) {
  if (!vector.defined()) return x;
  auto tiled = vector.to(x.scalar_type()).unsqueeze(-1).unsqueeze(-1).expand({-1, -1, x.size(2), x.size(3)});
  // Tensors of different orders would be joined channels first.
  if (x.suggest_memory_format() == at::MemoryFormat::ChannelsLast)
    tiled = tiled.contiguous(at::MemoryFormat::ChannelsLast);
  return torch::cat({x, tiled}, 1);
}

Tensor tile_concat(const std::vector<Tensor>& parts) {
  auto common = parts.front().sizes().vec();
  for (const auto& part : parts)
    for (size_t axis = 0; axis < common.size(); ++axis)
      common[axis] = std::max(common[axis], part.size(static_cast<int64_t>(axis)));
  std::vector<Tensor> repeated;
  for (const auto& part : parts) {
    common[1] = part.size(1);
    repeated.push_back(part.expand(common));
  }
  return torch::cat(repeated, 1);
}

Dense::Dense(const DenseOptions& options)
    : kernel(register_parameter("kernel", truncated_normal({options.in, options.out}, 0.02))) {
  if (options.bias) bias = register_parameter("bias", torch::zeros({options.out}));
}

Tensor Dense::forward(const Tensor& x) const {
  const auto y = torch::matmul(x, kernel);
  return bias.defined() ? y + bias : y;
}

Tensor ConvLayer::apply_before(const Norm& norm, const Tensor& x, const kernels::PreparedConv& folded) const {
  return convolve(x, folded, x.is_cuda() && norm.removes_bias() ? Tensor() : bias);
}

void ConvLayer::make_parameters(at::IntArrayRef kernel_shape) {
  kernel = register_parameter("kernel", truncated_normal(kernel_shape, 0.02));
  if (options_.bias) bias = register_parameter("bias", torch::zeros({options_.out}));
}

Conv2d::Conv2d(const ConvOptions& options, Padding padding) : ConvLayer(options), padding_(padding) {
  make_parameters({options.out, options.in, options.kernel[0], options.kernel[1]});
}

kernels::PreparedConv Conv2d::fold(int64_t uses) const { return prepare(kernel, options_.stride, uses); }

Tensor Conv2d::convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const {
  const auto& [kernel_size, stride] = std::pair(options_.kernel, options_.stride);
  return convolved(x, folded, added, stride, pads(x.size(2), kernel_size[0], stride[0], 1, padding_),
                   pads(x.size(3), kernel_size[1], stride[1], 1, padding_));
}

ConvPool2d::ConvPool2d(const ConvOptions& options) : ConvLayer(options) {
  make_parameters({options.out, options.in, options.kernel[0], options.kernel[1]});
}

kernels::PreparedConv ConvPool2d::fold(int64_t uses) const {
  const Size2 margin = {options_.stride[0] - 1, options_.stride[1] - 1};
  const auto spread = torch::constant_pad_nd(kernel, {margin[1], margin[1], margin[0], margin[0]});
  return prepare(torch::avg_pool2d(spread, options_.stride, /*stride=*/1), options_.stride, uses);
}

Tensor ConvPool2d::convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const {
  return convolved(x, folded, added, options_.stride,
                   pads(x.size(2), options_.kernel[0], 1, 1, Padding::kSame),
                   pads(x.size(3), options_.kernel[1], 1, 1, Padding::kSame));
}

UpsampleConv2d::UpsampleConv2d(const ConvOptions& options) : ConvLayer(options) {
  make_parameters({options.out, options.in, options.kernel[0], options.kernel[1]});
  const auto [height, width] = options.kernel;
  const auto bilinear = bilinear_kernel(options.stride).unsqueeze(0).unsqueeze(0);
  const auto taps = torch::eye(height * width).view({height * width, 1, height, width});
  interpolated_taps_ = Constant(torch::conv2d(bilinear, taps, {}, 1, {height - 1, width - 1}).squeeze(0));
}

// The interpolated kernel is linear in the kernel.
kernels::PreparedConv UpsampleConv2d::fold(int64_t /*uses*/) const {
  const auto& basis = interpolated_taps_.like(kernel);
  return kernels::PreparedConv(torch::matmul(kernel.transpose(0, 1).flatten(2), basis.flatten(1))
                                   .view({options_.in, options_.out, basis.size(1), basis.size(2)}));
}

Tensor UpsampleConv2d::convolve(const Tensor& x, const kernels::PreparedConv& folded,
                                const Tensor& added) const {
  return conv_transpose_same(x, folded.product_weight(), added, options_.stride);
}

Tensor conv_transpose_same(const Tensor& x, const Tensor& folded, const Tensor& bias, Size2 stride) {
  const Size2 size = {x.size(2) * stride[0], x.size(3) * stride[1]};
  const Pads vertical = pads(size[0], folded.size(2), stride[0], 1, Padding::kSame);
  const Pads horizontal = pads(size[1], folded.size(3), stride[1], 1, Padding::kSame);
  const auto y = torch::conv_transpose2d(x, folded, bias, stride, {vertical.before, horizontal.before});
  return y.size(2) == size[0] && y.size(3) == size[1] ? y : y.narrow(2, 0, size[0]).narrow(3, 0, size[1]);
}

Deconv2d::Deconv2d(const ConvOptions& options, Padding padding) : ConvLayer(options), padding_(padding) {
  make_parameters({options.in, options.out, options.kernel[0], options.kernel[1]});
}

kernels::PreparedConv Deconv2d::fold(int64_t /*uses*/) const { return kernels::PreparedConv(kernel); }

Tensor Deconv2d::convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const {
  if (padding_ == Padding::kValid)
    return torch::conv_transpose2d(x, folded.product_weight(), added, options_.stride);
  return conv_transpose_same(x, folded.product_weight(), added, options_.stride);
}

Tensor Norm::forward_relu(const Tensor& x, double negative_slope) {
  const auto y = forward(x);
  return negative_slope == 0.0 ? torch::relu(y) : torch::leaky_relu(y, negative_slope);
}

std::string norm_scope(NormLayer kind) { return row_of(kNorms, kind).scope; }
std::shared_ptr<Norm> make_norm(NormLayer kind, int64_t channels, double beta) {
  return row_of(kNorms, kind).make(channels, beta);
}

const ConvVariant& downsample_layer(DownsampleLayer kind) {
  using enum DownsampleLayer;  // _v2: the same function
  static const std::pair<DownsampleLayer, ConvVariant> kVariants[] = {
      {kConv2d, variant<Conv2d>("conv2d")},
      {kConvPool2d, variant<ConvPool2d>("conv_pool2d")},
      {kConvPool2dV2, variant<ConvPool2d>("conv_pool2d")}};
  return row_of(kVariants, kind);
}

const ConvVariant& upsample_layer(UpsampleLayer kind) {
  using enum UpsampleLayer;  // _v2: the same function
  static const std::pair<UpsampleLayer, ConvVariant> kVariants[] = {
      {kDeconv2d, variant<Deconv2d>("deconv2d")},
      {kUpsampleConv2d, variant<UpsampleConv2d>("upsample_conv2d")},
      {kUpsampleConv2dV2, variant<UpsampleConv2d>("upsample_conv2d")}};
  return row_of(kVariants, kind);
}

Tensor normed_and_activated(Norm& norm, ActivationLayer kind, const Tensor& x) {
  return kind == ActivationLayer::kRelu ? norm.forward_relu(x, 0.0) : activation(kind)(norm.forward(x));
}

Tensor (*activation(ActivationLayer kind))(const Tensor&) {
  static constexpr std::pair<ActivationLayer, Tensor (*)(const Tensor&)> kFunctions[] = {
      {ActivationLayer::kRelu, [](const Tensor& x) { return torch::relu(x); }},
      {ActivationLayer::kElu, [](const Tensor& x) { return torch::elu(x); }}};
  return row_of(kFunctions, kind);
}

HeadBlock::HeadBlock(int64_t in, int64_t filters, NormLayer norm, ActivationLayer activation_layer)
    : conv_(register_module("conv2d", std::make_shared<Conv2d>(ConvOptions{in, filters, {3, 3}}))),
      norm_(register_module(norm_scope(norm), make_norm(norm, filters))),
      activation_(activation_layer) {}

Tensor HeadBlock::forward(const Tensor& x) {
  return normed_and_activated(*norm_, activation_, conv_->apply_before(*norm_, x, conv_->fold(/*uses=*/1)));
}

}  // namespace savp::nn
