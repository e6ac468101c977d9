// How pixels move from one frame to the next: a transform reads features and estimates a motion, and the
// motion warps pictures and pixel distributions alike.
#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "core/video.h"
#include "nn/layers.h"

namespace savp::nn {

// frames: the last frames, oldest first, each [B, C, H, W] -> [B, L * N, C, H, W], frame by frame.
struct Motion {
  std::function<Tensor(const std::vector<Tensor>& frames)> warp;
  Tensor flows;  // [B, L * N, 2, H, W], where the motion is a flow
};

// What a transform may read: a cell's smallest layer and its last one.
struct TransformFeatures {
  Tensor smallest, last;
};

class PixelTransform : public torch::nn::Module {
 public:
  virtual Motion estimate(const TransformFeatures& features) = 0;
};

enum class Transformation { kDna, kCdna, kFlow };

struct TransformOptions {
  Size2 kernel_size = {5, 5};
  Size2 dilation = {1, 1};
  int64_t num_transformed_images = 4;
  int64_t last_frames = 1;
  int64_t smallest_channels = 0, smallest_height = 0, smallest_width = 0;
  int64_t last_channels = 0;
  int64_t hidden = 32;  // filters between the last layer and the motion
  NormLayer norm = NormLayer::kInstance;
  ActivationLayer activation = ActivationLayer::kRelu;
  std::string layer_scope;  // "h6": scope of hidden layers on the last one
};

// Places its variables in the cell under the published names.
std::shared_ptr<PixelTransform> make_transform(Transformation kind, const TransformOptions& options,
                                               torch::nn::Module& cell);

// kernels [B, N, kh, kw], each non-negative and of sum 1 (Finn et al. 2016, eq. 3).
Tensor normalize_kernels(const Tensor& kernels, int64_t first_kernel_axis);

// The kernel that leaves a picture as it is; even sizes spread it over the middle taps. [kh, kw]
Tensor identity_kernel(Size2 size);

// Flows as colours: the direction is the hue, the length, relative to the whole tensor's, the brightness.
// Where all are of one length, all is black. flows [..., 2, H, W] (x, y) -> [..., 3, H, W] in [0, 1].
Tensor flow_to_rgb(const Tensor& flows);

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::Transformation> {
  static constexpr std::pair<nn::Transformation, const char*> kTable[] = {
      {nn::Transformation::kDna, "dna"},
      {nn::Transformation::kCdna, "cdna"},
      {nn::Transformation::kFlow, "flow"}};
};
}  // namespace savp
