// Layers with TensorFlow's padding, initial values and variable names: a parameter's dotted name, '.' read as
// '/', is its name in the published checkpoints. Kernels are OIHW; dense kernels are [in, out] on
// channels-last flattened input.
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "core/video.h"
#include "kernels/padding.h"
#include "kernels/prepared_conv.h"

namespace savp::nn {

// Adds a module under a dotted path, making the scopes on the way: place(*this, "h0.conv_pool2d", layer).
void place(torch::nn::Module& root, const std::string& path,
           const std::shared_ptr<torch::nn::Module>& module);
template <class M>
std::shared_ptr<M> placed(torch::nn::Module& root, const std::string& path, std::shared_ptr<M> module) {
  place(root, path, module);
  return module;
}

// Normal with deviation std, redrawn outside two deviations.
Tensor truncated_normal(at::IntArrayRef shape, double std);
// Uniform within sqrt(6 / (in + out)), for a kernel [in, out].
Tensor glorot_uniform(int64_t in, int64_t out);

// How a convolution pads: SAME keeps size / stride (the extra row or column of an even kernel comes last),
// VALID does not pad, FULL pads k - 1 on both sides.
enum class Padding { kSame, kValid, kFull };

using kernels::Border;

// Pads x [..., H, W] for a kernel at a stride and dilation.
Tensor pad2d(const Tensor& x, Size2 kernel, Size2 stride, Size2 dilation, Padding padding, Border border);

// The kernel of bilinear interpolation by whole factors, as a transposed convolution applies it: a tent of 2
// f - f % 2 taps along each axis.
Tensor bilinear_kernel(Size2 factors);

// [N, C, ...] -> [N, ... * C], channels last, as a dense kernel of the published checkpoints expects it.
Tensor flatten_channels_last(const Tensor& x);

// x [B, C, H, W] and a vector [B, Z] at every position -> [B, C + Z, H, W]; an undefined vector adds nothing.
Tensor tile_concat(const Tensor& x, const Tensor& vector);

// Concatenates channels (axis 1); the other axes are repeated where a part has only one element along them.
Tensor tile_concat(const std::vector<Tensor>& parts);

struct DenseOptions {
  int64_t in, out;
  bool bias = true;
};
// x [..., in] -> [..., out].
class Dense : public torch::nn::Module {
 public:
  explicit Dense(const DenseOptions& options);
  Tensor forward(const Tensor& x) const;

  Tensor kernel, bias;
};

struct ConvOptions {
  int64_t in, out;
  Size2 kernel;
  Size2 stride = {1, 1};
  bool bias = true;
};

// A constant of a network, on the device where it was last used: only its first use there copies it.
class Constant {
 public:
  Constant() = default;
  explicit Constant(Tensor value) : value_(std::move(value)) {}
  const Tensor& like(const Tensor& x) const {
    if (value_.device() != x.device()) value_ = value_.to(x.device());
    return value_;
  }

 private:
  mutable Tensor value_;
};

// A convolution of x [B, in, H, W]. fold() makes the weights it really applies, once for all `uses` in a
// rollout, so that their cost (and that of their gradient) does not grow with time.
class Norm;
class ConvLayer : public torch::nn::Module {
 public:
  explicit ConvLayer(const ConvOptions& options) : options_(options) {}
  virtual kernels::PreparedConv fold(int64_t uses) const = 0;
  Tensor apply(const Tensor& x, const kernels::PreparedConv& folded) const {
    return convolve(x, folded, bias);
  }
  // For a norm that takes a constant of each channel away again: on a GPU, where adding it costs a pass over
  // the data and its gradient, which is zero, another one, there is no bias.
  Tensor apply_before(const Norm& norm, const Tensor& x, const kernels::PreparedConv& folded) const;
  Tensor forward(const Tensor& x) const { return apply(x, fold(/*uses=*/1)); }

  Tensor kernel, bias;

 protected:
  // added: the bias, or undefined.
  virtual Tensor convolve(const Tensor& x, const kernels::PreparedConv& folded,
                          const Tensor& added) const = 0;
  void make_parameters(at::IntArrayRef kernel_shape);
  ConvOptions options_;
};

class Conv2d : public ConvLayer {
 public:
  explicit Conv2d(const ConvOptions& options, Padding padding = Padding::kSame);
  kernels::PreparedConv fold(int64_t uses) const override;
  Tensor convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const override;

 private:
  Padding padding_;
};

// SAME convolution, then the mean over stride x stride: one strided convolution with the averaged kernel.
class ConvPool2d : public ConvLayer {
 public:
  explicit ConvPool2d(const ConvOptions& options);
  kernels::PreparedConv fold(int64_t uses) const override;
  Tensor convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const override;
};

// Bilinear upsampling by the stride, then a SAME convolution: one transposed convolution with the
// interpolated kernel.
class UpsampleConv2d : public ConvLayer {
 public:
  explicit UpsampleConv2d(const ConvOptions& options);
  kernels::PreparedConv fold(int64_t uses) const override;
  Tensor convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const override;

 private:
  Constant interpolated_taps_;  // [kh, kw, rows, columns]: what each tap becomes
};

// Transposed convolution, output size = input size * stride. Kernel [in, out, kh, kw].
class Deconv2d : public ConvLayer {
 public:
  explicit Deconv2d(const ConvOptions& options, Padding padding = Padding::kSame);
  kernels::PreparedConv fold(int64_t uses) const override;
  Tensor convolve(const Tensor& x, const kernels::PreparedConv& folded, const Tensor& added) const override;

 private:
  Padding padding_;
};

// x [B, in, H, W] and folded [in, out, kh, kw] -> [B, out, H * stride, W * stride], as
// TensorFlow's conv2d_transpose.
Tensor conv_transpose_same(const Tensor& x, const Tensor& folded, const Tensor& bias, Size2 stride);

// kBatch is the published code's, whose statistics never leave 0 and 1; kBatchTrained takes those of the
// batch while training, and their moving average afterwards.
enum class NormLayer { kBatch, kBatchTrained, kLayer, kInstance, kNone };

// Normalisation with gamma and beta per channel.
class Norm : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensor& x) = 0;
  // forward() and a leaky ReLU behind it, by its slope below zero (0: ReLU).
  virtual Tensor forward_relu(const Tensor& x, double negative_slope);
  // Whether a constant added to a channel changes nothing.
  virtual bool removes_bias() const { return false; }
};
// The scope its variables live in ("InstanceNorm").
std::string norm_scope(NormLayer kind);
std::shared_ptr<Norm> make_norm(NormLayer kind, int64_t channels, double beta = 0.0);

// Instance norm's epsilon: the published code asks for 1e-6, but TensorFlow 1 raises it to this.
inline constexpr double kInstanceNormEpsilon = 1.001e-5;

enum class DownsampleLayer { kConv2d, kConvPool2d, kConvPool2dV2 };
enum class UpsampleLayer { kDeconv2d, kUpsampleConv2d, kUpsampleConv2dV2 };
enum class ActivationLayer { kRelu, kElu };

// A variant of a layer: the scope of its variables and its maker.
struct ConvVariant {
  std::string scope;
  std::function<std::shared_ptr<ConvLayer>(const ConvOptions&)> make;
};
const ConvVariant& downsample_layer(DownsampleLayer kind);
const ConvVariant& upsample_layer(UpsampleLayer kind);
Tensor (*activation(ActivationLayer kind))(const Tensor&);

// The nonlinearity of what the norm makes of x.
Tensor normed_and_activated(Norm& norm, ActivationLayer kind, const Tensor& x);

// 3x3 convolution, norm, activation: what precedes each of a cell's outputs. x [B, in, H, W] -> [B, filters,
// H, W].
class HeadBlock : public torch::nn::Module {
 public:
  HeadBlock(int64_t in, int64_t filters, NormLayer norm, ActivationLayer activation);
  Tensor forward(const Tensor& x);

 private:
  std::shared_ptr<Conv2d> conv_;
  std::shared_ptr<Norm> norm_;
  ActivationLayer activation_;
};

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::NormLayer> {
  static constexpr std::pair<nn::NormLayer, const char*> kTable[] = {
      {nn::NormLayer::kBatch, "batch"},
      {nn::NormLayer::kBatchTrained, "batch_trained"},
      {nn::NormLayer::kLayer, "layer"},
      {nn::NormLayer::kInstance, "instance"},
      {nn::NormLayer::kNone, "none"}};
};
template <>
struct EnumNames<nn::DownsampleLayer> {
  static constexpr std::pair<nn::DownsampleLayer, const char*> kTable[] = {
      {nn::DownsampleLayer::kConv2d, "conv2d"},
      {nn::DownsampleLayer::kConvPool2d, "conv_pool2d"},
      {nn::DownsampleLayer::kConvPool2dV2, "conv_pool2d_v2"}};
};
template <>
struct EnumNames<nn::UpsampleLayer> {
  static constexpr std::pair<nn::UpsampleLayer, const char*> kTable[] = {
      {nn::UpsampleLayer::kDeconv2d, "deconv2d"},
      {nn::UpsampleLayer::kUpsampleConv2d, "upsample_conv2d"},
      {nn::UpsampleLayer::kUpsampleConv2dV2, "upsample_conv2d_v2"}};
};
template <>
struct EnumNames<nn::ActivationLayer> {
  static constexpr std::pair<nn::ActivationLayer, const char*> kTable[] = {
      {nn::ActivationLayer::kRelu, "relu"}, {nn::ActivationLayer::kElu, "elu"}};
};
}  // namespace savp
