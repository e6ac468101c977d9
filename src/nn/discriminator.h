// Discriminators with spectral norm (Lee et al. 2018, after Miyato et al. 2018): of pictures and of clips.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "core/video.h"
#include "kernels/prepared_conv.h"

namespace savp::nn {

struct DiscriminatorOptions {
  bool video = false;  // 3-D convolutions on clips instead of 2-D ones on pictures
  int64_t channels = 3, height = 64, width = 64;
  int64_t clip_length = 10;  // frames, at least 4; video only
  int64_t ndf = 32;          // filters of the first layer
};

class Discriminator : public torch::nn::Module {
 public:
  explicit Discriminator(const DiscriminatorOptions& options);

  // The normalised weights of a training phase: made once, used for every pass.
  struct Weights {
    std::vector<Tensor> filters;               // of each layer, the last one dense
    std::vector<kernels::PreparedConv> convs;  // of the layers before it
    std::vector<Tensor> biases;
    std::vector<Tensor> next_u;  // what each u becomes at the end of the step
  };
  Weights normalize() const;
  Weights constants(const Weights& weights) const;  // the same without a gradient

  // x [N, C, H, W], or clips [N, C, T, H, W].
  Verdict forward(const Tensor& x, const Weights& weights) const;

  // Takes over the power-iteration vectors of a step.
  void advance(const Weights& weights);

 private:
  void prepare(Weights& weights) const;

  struct Layer {
    Tensor kernel, bias, u;
    std::vector<int64_t> stride;  // empty for the dense layer
  };
  bool video_;
  std::vector<Layer> layers_;
};

}  // namespace savp::nn
