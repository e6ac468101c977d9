#include "savp/nn/encoder.h"

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
    h = torch::leaky_relu(norms_[i]->forward(h), 0.2);
  }
  return h.mean({2, 3});
}

}  // namespace savp::nn
