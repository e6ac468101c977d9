// Inflated Inception (Carreira and Zisserman 2017), trained to name the actions of Kinetics-400: what FVD
// looks through.
#pragma once

#include <torch/nn/module.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/video.h"

namespace savp {

// Batch normalization is part of the convolutions' weights, which are named by their TensorFlow scopes,
// "Mixed_3b.Branch_0.Conv3d_0a_1x1.weight" [out, in, time, height, width] and ".bias". Not trained.
class I3d : public torch::nn::Module {
 public:
  static constexpr int64_t kSide = 224;  // pixels
  static constexpr int64_t kFewestFrames = 9;
  static constexpr int64_t kClasses = 400;

  I3d();

  // videos [N, 3, T, 224, 224] in [-1, 1], T of at least kFewestFrames -> logits, averaged over time,
  // [N, 400].
  Tensor forward(const Tensor& videos) const;

 private:
  using Size3 = std::array<int64_t, 3>;  // time, height, width
  struct Unit;
  struct Mixed;

  std::shared_ptr<Unit> unit(const std::string& name, int64_t in, int64_t out, int64_t side,
                             int64_t stride = 1);

  std::vector<std::function<Tensor(const Tensor&)>> steps_;
};

// How videos are brought to what the network takes.
struct I3dInput {
  bool bytes = true;  // floor of 255 times the value, as in files, else not rounded
  bool half_pixel =
      false;  // bilinear resizing with half-pixel centres (PyTorch), else without (TensorFlow 1)
};

// Videos [T, B, 1 or 3, H, W] in [0, 1], resized to 224 x 224, 2 x / 255 - 1: [B, 3, T, 224, 224]. By default
// as the original computation of FVD sees them; StyleGAN-V's differs by half_pixel.
Tensor i3d_input(const Tensor& videos, const I3dInput& how = {});

}  // namespace savp
