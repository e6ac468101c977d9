// Convolutions, dense layers, padding and norms.
#include <torch/types.h>

#include "core/error.h"
#include "golden_runner/further_layers.h"
#include "golden_runner/op_call.h"
#include "golden_runner/op_names.h"
#include "nn/layers.h"
#include "nn/spectral_norm.h"

namespace savp::golden {
namespace {

nn::ConvOptions conv_options(const OpCall& call) {
  return {.in = call.input("inputs").size(-1),
          .out = call.arg<int64_t>("filters", 0),
          .kernel = call.size_arg("kernel_size", 0),
          .stride = call.size_arg("strides", 1),
          .bias = call.arg("use_bias", true)};
}

// Normalised where the call asks for it, which also gives u its next value.
Tensor normalized(OpCall& call, const std::string& scope, const Tensor& kernel) {
  if (!call.arg("use_spectral_norm", false)) return kernel;
  const auto result = nn::spectral_normalize(kernel, call.variable(scope + "u"));
  call.update(scope + "u", result.u);
  return result.weight;
}

Tensor bias_or_none(const OpCall& call, const std::string& name) {
  return call.has_variable(name) ? call.variable(name) : Tensor();
}

void conv2d(OpCall& call) {
  if (call.has_input("kernel"))
    return call.output("out", channels_last(nn::conv2d_each(call.channels_first("inputs"),
                                                            call.input("kernel").permute({0, 4, 3, 1, 2}),
                                                            call.input("bias"))));
  nn::Conv2d layer(conv_options(call), padding_of(call));
  layer.kernel = call.variable("conv2d/kernel");
  layer.bias = bias_or_none(call, "conv2d/bias");
  layer.kernel = normalized(call, "conv2d/", layer.kernel);
  call.output("out", channels_last(layer.forward(call.channels_first("inputs"))));
}

// As the video discriminator does it.
void conv3d(OpCall& call) {
  const auto kernel = normalized(call, "conv3d/", call.variable("conv3d/kernel"));
  const auto same = call.arg<std::string>("padding", "SAME") == "SAME";
  const auto strides = call.args()["strides"];
  const auto stride =
      strides.is_array() ? strides.get<std::vector<int64_t>>() : std::vector<int64_t>(3, strides);
  SAVP_CHECK(!same || stride == std::vector<int64_t>(3, 1), UsageError,
             "we have no strided 3-D convolution with SAME");
  const auto y = torch::conv3d(call.channels_first("inputs"), kernel, call.variable("bias"), stride,
                               /*padding=*/same ? (kernel.size(2) - 1) / 2 : 0);
  call.output("out", channels_last(y));
}

void dense(OpCall& call) {
  if (!call.arg("use_spectral_norm", false)) {
    nn::Dense layer(
        {call.input("inputs").size(-1), call.arg<int64_t>("units", 0), call.arg("use_bias", true)});
    call.load(layer, "dense/");
    return call.output("out", layer.forward(call.input("inputs")));
  }
  const auto kernel = normalized(call, "dense/", call.variable("dense/kernel").t()).t();
  call.output("out", torch::addmm(call.variable("dense/bias"), call.input("inputs"), kernel));
}

void deconv2d(OpCall& call) {
  nn::Deconv2d layer(conv_options(call), padding_of(call));
  call.load(layer, "deconv2d/");
  call.output("out", channels_last(layer.forward(call.channels_first("inputs"))));
}

// The reference cuts the picture out as if it had been enlarged bilinearly, which has a margin: half a step
// too far.
void upsample_nearest_conv2d(OpCall& call) {
  auto options = conv_options(call);
  const auto factors = std::exchange(options.stride, Size2{1, 1});
  nn::Conv2d layer(options, nn::Padding::kFull);
  call.load(layer, "upsample_conv2d/");
  const auto x = nn::upsample2d(call.channels_first("inputs"), factors, nn::Upsampling::kNearest);
  const auto cut = [&](const Tensor& y, int64_t axis) {
    const auto kernel = options.kernel[axis - 2], factor = factors[axis - 2];
    return y.narrow(axis, factor / 2 + (kernel - 1) - (kernel - 1) / 2, x.size(axis));
  };
  call.output("out", channels_last(cut(cut(layer.forward(x), 2), 3)));
}

void upsample_conv2d(OpCall& call) {
  if (upsampling_of(call) == nn::Upsampling::kNearest) return upsample_nearest_conv2d(call);
  nn::UpsampleConv2d layer(conv_options(call));
  call.load(layer, "upsample_conv2d/");
  call.output("out", channels_last(layer.forward(call.channels_first("inputs"))));
}

void conv_pool2d(OpCall& call) {
  nn::ConvPool2d layer(conv_options(call));
  call.load(layer, "conv_pool2d/");
  call.output("out", channels_last(layer.forward(call.channels_first("inputs"))));
}

void pad2d(OpCall& call) {
  const auto padded =
      nn::pad2d(call.channels_first("inputs"), call.size_arg("size", 1), call.size_arg("strides", 1),
                call.size_arg("rate", 1), padding_of(call), border_of(call));
  call.output("out", channels_last(padded));
}

void tile_concat(OpCall& call) {
  std::vector<Tensor> parts;
  for (const char* name : {"a", "b", "c"})
    if (call.has_input(name)) parts.push_back(call.channels_first(name));
  call.output("out", channels_last(nn::tile_concat(parts)));
}

void spectral_normed_weight(OpCall& call) {
  const auto weight = call.input("W").permute({3, 2, 0, 1});  // HWIO -> OIHW
  const auto result = nn::spectral_normalize(weight, call.variable("u"), call.arg<int64_t>("num_iters", 1));
  call.update("u", result.u);
  call.output("out", result.weight.permute({2, 3, 1, 0}));
}

template <nn::NormLayer kind>
void norm(OpCall& call) {
  const auto layer = nn::make_norm(kind, call.input("inputs").size(-1));
  call.load(*layer, nn::norm_scope(kind) + "/");
  call.output("out", channels_last(layer->forward(call.channels_first("inputs"))));
}

// As the discriminators and encoders do it.
void lrelu(OpCall& call) { call.output("out", torch::leaky_relu(call.input("x"), call.arg("alpha", 0.2))); }

}  // namespace

const std::vector<OpRow>& layer_ops() {
  static const std::vector<OpRow> kRows = {
      {"ops.dense", dense},
      {"ops.pad2d", pad2d},
      {"ops.conv2d", conv2d},
      {"ops.conv3d", conv3d},
      {"ops.deconv2d", deconv2d},
      {"ops.upsample_conv2d", upsample_conv2d},
      {"ops.upsample_conv2d_v2", upsample_conv2d},
      {"ops.conv_pool2d", conv_pool2d},
      {"ops.conv_pool2d_v2", conv_pool2d},
      {"ops.tile_concat", tile_concat},
      {"ops.lrelu", lrelu},
      {"ops.spectral_normed_weight", spectral_normed_weight},
      {"layers.fused_instance_norm", norm<nn::NormLayer::kInstance>},
      {"contrib.layers.layer_norm", norm<nn::NormLayer::kLayer>},
      {"get_norm_layer('batch')", norm<nn::NormLayer::kBatch>},
  };
  return kRows;
}

}  // namespace savp::golden
