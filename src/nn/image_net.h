// What the classifiers trained on ImageNet have in common.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "core/video.h"

namespace savp::nn {

// A network whose inner layers say how alike two pictures look. Not trained.
class ImageNetFeatures : public torch::nn::Module {
 public:
  // pictures [N, 1 or 3, H, W] in [0, 1] -> what five of its layers say, [N, filters, height, width] each.
  virtual std::vector<Tensor> forward(const Tensor& pictures) const = 0;

  // Filters of those layers.
  virtual std::vector<int64_t> filters() const = 0;
  // Pixels that a side of the pictures must have.
  virtual int64_t smallest_side() const = 0;
};

// weight [out, in, side, side] and bias [out], of zero until they are loaded.
struct FrozenConv : torch::nn::Module {
  FrozenConv(int64_t in, int64_t out, int64_t side);
  // Convolution and ReLU.
  Tensor forward(const Tensor& x, int64_t stride, int64_t padding) const;

  Tensor weight, bias;
};

// Pictures [N, 1 or 3, H, W] in [0, 1] as the published weights expect them: red, green and blue with the
// mean and deviation of ImageNet's taken out.
Tensor normalized_pictures(const Tensor& pictures);

}  // namespace savp::nn
