// The convolutions of VGG-16 (Simonyan and Zisserman 2015), whose features say how alike two pictures look.
#pragma once

#include <memory>
#include <vector>

#include "nn/image_net.h"

namespace savp::nn {

// Variables have torchvision's names, "features.0.weight" to "features.28.bias".
class Vgg16 : public ImageNetFeatures {
 public:
  Vgg16();

  // What the last layer of each of the five sizes says, [N, 64, H, W] to [N, 512, H / 16, W / 16].
  std::vector<Tensor> forward(const Tensor& pictures) const override;
  std::vector<int64_t> filters() const override;
  int64_t smallest_side() const override { return 16; }

 private:
  std::vector<std::vector<std::shared_ptr<FrozenConv>>> sizes_;
};

}  // namespace savp::nn
