#include "nn/encoder.h"

#include <torch/types.h>

#include <algorithm>

namespace savp::nn {

Encoder::Encoder(const EncoderOptions& o) : out_(o.in) {
  for (int64_t i = 0; i < o.n_layers; ++i) {
    const int64_t filters = o.nef * std::min<int64_t>(int64_t{1} << i, 4);
    const auto scope = "layer_" + std::to_string(i + 1);
    const NormLayer norm = i == 0 ? NormLayer::kNone : o.norm;
    convs_.push_back(
        placed(*this, scope + ".conv2d",
               std::make_shared<Conv2d>(ConvOptions{out_, filters, {4, 4}, {2, 2}}, Padding::kValid)));
    norms_.push_back(placed(*this, scope + "." + norm_scope(norm), make_norm(norm, filters)));
    out_ = filters;
  }
}

Tensor Encoder::forward(const Tensor& x) {
  auto h = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    h = kernels::PreparedConv(convs_[i]->kernel, {.stride = 2, .padding = 1})(h, convs_[i]->bias);
    h = norms_[i]->forward_relu(h, 0.2);
  }
  return h.mean({2, 3});
}

LatentEncoder::LatentEncoder(const LatentEncoderOptions& o) : Encoder(o.encoder) {
  int64_t width = out();
  const auto dense = [&](const std::string& scope, int64_t units) {
    return placed(*this, scope + ".dense", std::make_shared<Dense>(DenseOptions{width, units}));
  };
  if (o.recurrent) {
    const int64_t units = 4 * o.encoder.nef;
    const auto& variant = rnn_variant(o.rnn);
    dense_ = dense("layer_" + std::to_string(o.encoder.n_layers + 1), units);
    rnn_ = placed(*this, variant.prefix + ".rnn." + variant.scope, variant.make(units, units));
    width = units;
  }
  mu_ = dense("z_mu", o.nz);
  log_sigma_sq_ = dense("z_log_sigma_sq", o.nz);
}

Tensor LatentEncoder::look(const Tensor& pictures) {
  const int64_t given = pictures.size(0), batch = pictures.size(1);
  if (given == 0) return torch::zeros({0, batch, out()}, pictures.options());
  return forward(pictures.flatten(0, 1)).to(torch::kFloat).view({given, batch, out()});
}

Gaussian LatentEncoder::conclude(const Tensor& looks, int64_t steps) {
  auto h = torch::cat({looks, torch::zeros({steps - looks.size(0), looks.size(1), out()}, looks.options())});
  if (rnn_) h = rnn_->forward(dense_->forward(h));
  return {mu_->forward(h).to(torch::kFloat), log_sigma_sq_->forward(h).to(torch::kFloat).clamp(-10, 10)};
}

}  // namespace savp::nn
