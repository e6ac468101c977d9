// Layers of the older models (DNA, SNA, SV2P) with the names and first values of TensorFlow's slim library:
// "weights" drawn after Glorot and Bengio, "biases" of zero or a layer norm in their place, SAME padding.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>

#include "core/video.h"
#include "nn/conv_rnn.h"
#include "nn/layers.h"

namespace savp::nn {

struct SlimConvOptions {
  int64_t in, out;
  int64_t kernel = 3, stride = 1;
  bool transposed = false;  // enlarges by the stride instead of shrinking
  std::string norm = "";    // scope of a layer norm behind the convolution; without it there are biases
  bool relu = true;
};
// x [B, in, H, W].
class SlimConv : public torch::nn::Module {
 public:
  explicit SlimConv(const SlimConvOptions& options);
  Tensor forward(const Tensor& x);

 private:
  SlimConvOptions options_;
  Tensor weights_, biases_;
  std::shared_ptr<Norm> norm_;
};

struct SlimDenseOptions {
  int64_t in, out;
  bool relu = false;
};
// x [..., in] -> [..., out].
class SlimDense : public torch::nn::Module {
 public:
  explicit SlimDense(const SlimDenseOptions& options);
  Tensor forward(const Tensor& x) const;

 private:
  bool relu_;
  Tensor weights_, biases_;
};

// A convolutional LSTM without norms, 5 x 5. Only its variables become part of the root, as
// "<scope>.Gates.weights" and "<scope>.Gates.biases".
std::shared_ptr<ConvRnn> place_slim_lstm(torch::nn::Module& root, const std::string& scope, int64_t in,
                                         int64_t filters);

}  // namespace savp::nn
