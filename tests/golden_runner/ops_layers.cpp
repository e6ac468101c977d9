// Convolutions, dense layers, padding and norms.
#include <torch/types.h>

#include "golden_runner/op_call.h"
#include "savp/core/error.h"
#include "savp/nn/layers.h"
#include "savp/nn/spectral_norm.h"

namespace savp::golden {
namespace {

template <class Enum>
struct Names;
template <>
struct Names<nn::Padding> {
  static constexpr std::pair<const char*, nn::Padding> kTable[] = {
      {"SAME", nn::Padding::kSame}, {"VALID", nn::Padding::kValid}, {"FULL", nn::Padding::kFull}};
};
template <>
struct Names<nn::Border> {
  static constexpr std::pair<const char*, nn::Border> kTable[] = {{"CONSTANT", nn::Border::kConstant},
                                                                  {"SYMMETRIC", nn::Border::kSymmetric},
                                                                  {"REFLECT", nn::Border::kReflect}};
};
template <class Enum>
Enum choice(const OpCall& call, const char* key, const std::string& fallback) {
  const auto text = call.arg<std::string>(key, fallback);
  for (const auto& [name, value] : Names<Enum>::kTable)
    if (text == name) return value;
  throw UsageError(concat("we have no ", key, " ", text));
}

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
  SAVP_CHECK(!call.has_input("kernel"), UsageError, "we have no convolution with a kernel for each sample");
  nn::Conv2d layer(conv_options(call), choice<nn::Padding>(call, "padding", "SAME"));
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
  nn::Deconv2d layer(conv_options(call), choice<nn::Padding>(call, "padding", "SAME"));
  call.load(layer, "deconv2d/");
  call.output("out", channels_last(layer.forward(call.channels_first("inputs"))));
}

void upsample_conv2d(OpCall& call) {
  SAVP_CHECK(call.arg<std::string>("upsample_mode", "bilinear") == "bilinear", UsageError,
             "we have no upsampling by repeating pixels");
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
                call.size_arg("rate", 1), choice<nn::Padding>(call, "padding", "SAME"),
                choice<nn::Border>(call, "mode", "CONSTANT"));
  call.output("out", channels_last(padded));
}

void tile_concat(OpCall& call) {
  SAVP_CHECK(!call.has_input("c"), UsageError, "ours repeats vectors over a picture, not rows");
  call.output("out", channels_last(nn::tile_concat(call.channels_first("a"), call.input("b").flatten(1))));
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
