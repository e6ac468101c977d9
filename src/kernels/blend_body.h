// A position of a sample in blend() and in its gradient, for a CPU's loop or a GPU's threads.
#pragma once

#include "kernels/strided.h"

namespace savp::kernels {

constexpr int kMostMasks = 16;

struct BlendShape {
  int samples, count, channels, height, width;  // count: masks
  SAVP_HOST_DEVICE int size() const { return samples * height * width; }
};

template <class T>
struct BlendForward {
  BlendShape shape;
  Strided<const T, 4> logits;          // [B, M, H, W]
  Strided<const float, 5> candidates;  // [B, M, C, H, W]
  Strided<float, 4> masks, frame;      // [B, M, H, W], [B, C, H, W]

  SAVP_HOST_DEVICE int size() const { return shape.size(); }
  SAVP_HOST_DEVICE void operator()(int index) const {
    const Position at(index, shape.height, shape.width);
    float shares[kMostMasks], largest = -INFINITY, sum = 0.0F;
    for (int m = 0; m < shape.count; ++m) {
      shares[m] = static_cast<float>(logits(at.outer, m, at.y, at.x));
      largest = fmaxf(largest, shares[m]);
    }
    for (int m = 0; m < shape.count; ++m) {
      shares[m] = expf(shares[m] - largest);
      sum += shares[m];
    }
    for (int m = 0; m < shape.count; ++m) {
      shares[m] /= sum;
      masks(at.outer, m, at.y, at.x) = shares[m];
    }
    for (int c = 0; c < shape.channels; ++c) {
      float blended = 0.0F;
      for (int m = 0; m < shape.count; ++m) blended += shares[m] * candidates(at.outer, m, c, at.y, at.x);
      frame(at.outer, c, at.y, at.x) = blended;
    }
  }
};

template <class T>
struct BlendBackward {
  BlendShape shape;
  Strided<const float, 5> candidates;
  Strided<const float, 4> masks;
  Strided<const float, 4> d_frame, d_masks;  // without data: zero
  Strided<T, 4> d_logits;
  Strided<float, 5> d_candidates;  // without data: not wanted

  SAVP_HOST_DEVICE int size() const { return shape.size(); }
  SAVP_HOST_DEVICE void operator()(int index) const {
    const Position at(index, shape.height, shape.width);
    float shares[kMostMasks], slopes[kMostMasks], mean = 0.0F;
    for (int m = 0; m < shape.count; ++m) {
      shares[m] = masks(at.outer, m, at.y, at.x);
      slopes[m] = slope(at, m, shares[m]);
      mean += shares[m] * slopes[m];
    }
    for (int m = 0; m < shape.count; ++m)
      d_logits(at.outer, m, at.y, at.x) = static_cast<T>(shares[m] * (slopes[m] - mean));
  }

  // The gradient of a mask; gives its candidate's on the way.
  SAVP_HOST_DEVICE float slope(const Position& at, int m, float share) const {
    float sum = d_masks.data != nullptr ? d_masks(at.outer, m, at.y, at.x) : 0.0F;
    for (int c = 0; c < shape.channels; ++c) {
      const float gradient = d_frame.data != nullptr ? d_frame(at.outer, c, at.y, at.x) : 0.0F;
      sum += gradient * candidates(at.outer, m, c, at.y, at.x);
      if (d_candidates.data != nullptr) d_candidates(at.outer, m, c, at.y, at.x) = share * gradient;
    }
    return sum;
  }
};

}  // namespace savp::kernels
