// Training sequences are varied, so that a model sees more than there is.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/draws.h"
#include "records/spec.h"

namespace savp {

class Augmentation {
 public:
  explicit Augmentation(const DatasetHparams& hparams)
      : flip_(hparams.augment_flip), crop_(hparams.augment_crop), color_(hparams.augment_color) {}

  // Whether places in a frame change: then actions, states and designated pixels would no longer fit.
  bool moves_pixels() const { return flip_ || crop_ > 0; }
  bool active() const { return moves_pixels() || color_ > 0; }

  // Varies all frames of a sequence alike, in place. images [T, C, H, W] from 0 to 1, contiguous.
  void apply(const at::Tensor& images, Draws& draws) const;

 private:
  bool flip_;
  double crop_, color_;  // largest shares
};

// The sides of a window, in pixels, and its corner.
struct Window {
  double top, left, height, width;
};
// What a window of [planes, H, W] shows, enlarged to H x W by bilinear interpolation, in place.
void enlarge(float* planes, int64_t count, int64_t height, int64_t width, const Window& window);

// Brightness times, contrast and saturation by these factors, then limited to 0..1. images [T, C, H, W]. The
// contrast is about the mean grey of the sequence; one channel has no saturation.
struct ColorFactors {
  double brightness = 1, contrast = 1, saturation = 1;
};
void recolor(const at::Tensor& images, const ColorFactors& factors);

}  // namespace savp
