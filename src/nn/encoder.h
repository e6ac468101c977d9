// Strided convolutions from a picture to a vector, and what they say of the latents.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "core/video.h"
#include "nn/layers.h"
#include "nn/rnn.h"

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

struct LatentEncoderOptions {
  EncoderOptions encoder;
  int64_t nz;
  bool recurrent = false;  // a dense layer and a recurrent one of 4 nef units behind the convolutions
  RnnKind rnn = RnnKind::kLstm;
};

// The distribution of the latents at each step, by the pictures of that step (and, recurrent, those before).
class LatentEncoder : public Encoder {
 public:
  explicit LatentEncoder(const LatentEncoderOptions& options);
  // pictures [n, B, in, H, W] -> what the convolutions see in each, [n, B, out()].
  Tensor look(const Tensor& pictures);
  // looks [n, B, out()] -> [steps, B, nz], steps >= n. Steps without a look see zeros: the recurrent layer
  // goes on alone.
  Gaussian conclude(const Tensor& looks, int64_t steps);

 private:
  std::shared_ptr<Dense> dense_, mu_, log_sigma_sq_;
  std::shared_ptr<Rnn> rnn_;
};

}  // namespace savp::nn
