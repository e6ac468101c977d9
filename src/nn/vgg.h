// The convolutions of VGG-16 (Simonyan and Zisserman 2015), whose features say how alike two pictures look.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "core/video.h"

namespace savp::nn {

// Variables have torchvision's names, "features.0.weight" to "features.28.bias"; they are not trained.
class Vgg16 : public torch::nn::Module {
 public:
  Vgg16();

  // pictures [N, 1 or 3, H, W] in [0, 1], sides of at least 16 -> what the last layer of each of the five
  // sizes says, [N, 64, H, W] to [N, 512, H / 16, W / 16].
  std::vector<Tensor> forward(const Tensor& pictures) const;

 private:
  struct Conv;
  std::vector<std::vector<std::shared_ptr<Conv>>> sizes_;
};

}  // namespace savp::nn
