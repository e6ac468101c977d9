// The convolutions of AlexNet (Krizhevsky 2014), whose features say how alike two pictures look.
#pragma once

#include <memory>
#include <vector>

#include "nn/image_net.h"

namespace savp::nn {

// Variables have torchvision's names, "features.0.weight" to "features.10.bias".
class AlexNet : public ImageNetFeatures {
 public:
  AlexNet();

  // What each of the five convolutions says.
  std::vector<Tensor> forward(const Tensor& pictures) const override;
  std::vector<int64_t> filters() const override;
  int64_t smallest_side() const override { return 31; }

 private:
  std::vector<std::shared_ptr<FrozenConv>> convs_;
};

}  // namespace savp::nn
