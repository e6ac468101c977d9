#include "nn/discriminator.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <memory>
#include <numeric>

#include "core/error.h"
#include "kernels/biased_relu.h"
#include "nn/layers.h"
#include "nn/spectral_norm.h"

namespace savp::nn {
namespace {

// Layer by layer: name, kernel size, whether it halves the picture, whether it halves the time, filters
// / ndf.
struct ConvRow {
  const char* name;
  int64_t kernel, stride, time_stride, widths;
};
constexpr ConvRow kConvs[] = {{"sn_conv0_0", 3, 1, 1, 1}, {"sn_conv0_1", 4, 2, 1, 2},
                              {"sn_conv1_0", 3, 1, 1, 2}, {"sn_conv1_1", 4, 2, 1, 4},
                              {"sn_conv2_0", 3, 1, 1, 4}, {"sn_conv2_1", 4, 2, 2, 8},
                              {"sn_conv3_0", 3, 1, 1, 8}};

constexpr double kSlope = 0.1;  // of the leaky ReLUs

// A scope that holds variables only.
struct Scope : torch::nn::Module {
  Tensor parameter(const std::string& name, const Tensor& value) { return register_parameter(name, value); }
  Tensor buffer(const std::string& name, const Tensor& value) { return register_buffer(name, value); }
};

}  // namespace

Discriminator::Discriminator(const DiscriminatorOptions& o) : video_(o.video) {
  std::vector<int64_t> size = {o.height, o.width};
  if (video_) size.insert(size.begin(), o.clip_length);
  int64_t in = o.channels;
  for (const auto& row : kConvs) {
    const int64_t out = o.ndf * row.widths;
    std::vector<int64_t> shape = {out, in}, stride(size.size(), row.stride);
    shape.resize(2 + size.size(), row.kernel);
    if (video_) stride[0] = row.time_stride;
    auto scope = std::make_shared<Scope>();
    auto conv = scope->register_module(video_ ? "conv3d" : "conv2d", std::make_shared<Scope>());
    // In the published checkpoints a 3-D convolution's bias lies outside its own scope.
    auto& bias_scope = video_ ? *scope : *conv;
    layers_.push_back({conv->parameter("kernel", truncated_normal(shape, 0.02)),
                       bias_scope.parameter("bias", torch::zeros({out})),
                       conv->buffer("u", truncated_normal({1, out}, 1.0)), stride});
    register_module(row.name, scope);
    for (size_t i = 0; i < size.size(); ++i) {
      const int64_t room = size[i] + 2 - row.kernel;
      size[i] = room < 0 ? 0 : room / stride[i] + 1;
    }
    in = out;
  }
  for (const int64_t s : size)
    SAVP_CHECK(s >= 1, UsageError, "the discriminator cannot take clips of ", o.clip_length, " frames of ",
               o.height, "x", o.width,
               " pixels: clip_length must be at least 4 and frames at least 8 pixels");
  in *= std::accumulate(size.begin(), size.end(), int64_t{1}, std::multiplies<>());
  auto dense = std::make_shared<Scope>();
  layers_.push_back({dense->parameter("kernel", truncated_normal({in, 1}, 0.02)),
                     dense->parameter("bias", torch::zeros({1})),
                     dense->buffer("u", truncated_normal({1, 1}, 1.0)),
                     {}});
  place(*this, "sn_fc4.dense", dense);
}

Discriminator::Weights Discriminator::normalize() const {
  Weights weights;
  for (const auto& layer : layers_) {
    const bool dense = layer.stride.empty();
    auto normalized = spectral_normalize(dense ? layer.kernel.t() : layer.kernel, layer.u);
    weights.filters.push_back(dense ? normalized.weight.t() : normalized.weight);
    weights.biases.push_back(layer.bias);
    weights.next_u.push_back(normalized.u);
  }
  prepare(weights);
  return weights;
}

Discriminator::Weights Discriminator::constants(const Weights& weights) const {
  Weights copy = weights;
  for (auto* tensors : {&copy.filters, &copy.biases})
    for (auto& tensor : *tensors) tensor = tensor.detach();
  prepare(copy);
  return copy;
}

void Discriminator::prepare(Weights& weights) const {
  weights.convs.clear();
  for (size_t i = 0; i + 1 < layers_.size(); ++i) {
    const auto& stride = layers_[i].stride;
    const kernels::PreparedConvOptions options{
        .stride = stride.back(), .depth_stride = video_ ? stride.front() : 1, .padding = 1};
    weights.convs.emplace_back(weights.filters[i], options);
  }
}

Verdict Discriminator::forward(const Tensor& x, const Weights& weights) const {
  Verdict verdict;
  auto h = x;
  for (size_t i = 0; i + 1 < layers_.size(); ++i) {
    h = h.is_cuda() ? kernels::biased_relu(weights.convs[i](h), weights.biases[i], kSlope)
                    : torch::leaky_relu(weights.convs[i](h, weights.biases[i]), kSlope);
    verdict.features.push_back(h);
  }
  verdict.logits =
      torch::addmm(weights.biases.back(), flatten_channels_last(h), weights.filters.back()).to(torch::kFloat);
  return verdict;
}

void Discriminator::advance(const Weights& weights) {
  torch::NoGradGuard no_grad;
  for (size_t i = 0; i < layers_.size(); ++i) layers_[i].u.copy_(weights.next_u[i]);
}

}  // namespace savp::nn
