// Strided convolutions from a picture to a vector.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "savp/core/video.h"
#include "savp/nn/layers.h"

namespace savp::nn {

struct EncoderOptions {
  int64_t in;
  int64_t nef = 64;  // filters of the first layer; doubled each layer up to 4 nef
  int64_t n_layers = 3;
  NormLayer norm = NormLayer::kInstance;  // from the second layer on
};

// x [N, in, H, W] -> [N, out()]: 4x4 convolutions of stride 2, leaky ReLU, mean over the picture.
class Encoder : public torch::nn::Module {
 public:
  explicit Encoder(const EncoderOptions& options);
  Tensor forward(const Tensor& x);
  int64_t out() const { return out_; }

 private:
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::shared_ptr<Norm>> norms_;
  int64_t out_;
};

}  // namespace savp::nn
