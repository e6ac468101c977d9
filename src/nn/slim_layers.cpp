#include "nn/slim_layers.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace savp::nn {
namespace {

// Uniform within sqrt(6 / (in + out)), counting all taps of a convolution's kernel [.., .., taps...].
Tensor glorot(at::IntArrayRef shape) {
  const auto weights = torch::empty(shape);
  const auto taps = weights.numel() / (shape[0] * shape[1]);
  const double limit = std::sqrt(6.0 / static_cast<double>((shape[0] + shape[1]) * taps));
  return weights.uniform_(-limit, limit);
}

}  // namespace

SlimConv::SlimConv(const SlimConvOptions& o) : options_(o) {
  const auto [first, second] = o.transposed ? std::pair(o.in, o.out) : std::pair(o.out, o.in);
  weights_ = register_parameter("weights", glorot({first, second, o.kernel, o.kernel}));
  if (o.norm.empty())
    biases_ = register_parameter("biases", torch::zeros({o.out}));
  else
    norm_ = register_module(o.norm, make_norm(NormLayer::kLayer, o.out));
}

Tensor SlimConv::forward(const Tensor& x) {
  const Size2 stride = {options_.stride, options_.stride}, kernel = {options_.kernel, options_.kernel};
  auto y = options_.transposed
               ? conv_transpose_same(x, weights_, biases_, stride)
               : torch::conv2d(pad2d(x, kernel, stride, {1, 1}, Padding::kSame, Border::kConstant), weights_,
                               biases_, stride);
  if (norm_) y = norm_->forward(y);
  return options_.relu ? torch::relu(y) : y;
}

SlimDense::SlimDense(const SlimDenseOptions& o)
    : relu_(o.relu),
      weights_(register_parameter("weights", glorot({o.in, o.out}))),
      biases_(register_parameter("biases", torch::zeros({o.out}))) {}

Tensor SlimDense::forward(const Tensor& x) const {
  const auto y = torch::matmul(x, weights_) + biases_;
  return relu_ ? torch::relu(y) : y;
}

std::shared_ptr<ConvRnn> place_slim_lstm(torch::nn::Module& root, const std::string& scope, int64_t in,
                                         int64_t filters) {
  struct Gates : torch::nn::Module {
    Gates(const Tensor& kernel, const Tensor& bias) {
      register_parameter("weights", kernel);
      register_parameter("biases", bias);
    }
  };
  auto cell = conv_rnn_variant(ConvRnnKind::kLstm)
                  .make({.in = in, .filters = filters, .kernel = 5, .norm = NormLayer::kNone});
  auto variables = cell->named_parameters();
  {
    torch::NoGradGuard no_grad;
    variables["kernel"].copy_(glorot(variables["kernel"].sizes()));
  }
  place(root, scope + ".Gates", std::make_shared<Gates>(variables["kernel"], variables["bias"]));
  return cell;
}

}  // namespace savp::nn
