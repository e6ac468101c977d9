// Learned perceptual image patch similarity (Zhang et al. 2018), version 0.1 with linear weights.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/image_net.h"

namespace savp {

// How unlike two pictures look: the squared difference of the features of each of five layers, brought to
// unit length at every place, weighted by channel, averaged over places, summed over layers. Not thread-safe
// while it is moved to another device; nothing is differentiated.
class Lpips {
 public:
  explicit Lpips(std::shared_ptr<nn::ImageNetFeatures> net);

  // Pictures [..., 1 or 3, H, W] in [0, 1], leading axes broadcast -> [...], 0 for equal ones. Worked through
  // along the first of two or more leading axes, so memory grows with the others alone. Throws UsageError for
  // pictures of different or too small sizes.
  at::Tensor distance(const at::Tensor& a, const at::Tensor& b) const;

  // "features.0.weight", ..., "lin0.model.1.weight": to be filled.
  std::vector<std::pair<std::string, at::Tensor>> variables() const;
  void to(const at::Device& device);
  int64_t smallest_side() const { return net_->smallest_side(); }

 private:
  at::Tensor of_frames(const at::Tensor& a, const at::Tensor& b) const;
  std::vector<at::Tensor> unit_features(const at::Tensor& pictures) const;

  std::shared_ptr<nn::ImageNetFeatures> net_;
  std::vector<at::Tensor> weights_;  // [1, filters, 1, 1] each
};

}  // namespace savp
