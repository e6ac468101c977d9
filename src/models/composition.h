// Composing a frame from candidates by masks: frames that were moved, frames as they were, a frame made from
// nothing (Finn et al. 2016, eq. 4).
#pragma once

#include <functional>
#include <vector>

#include "core/video.h"
#include "kernels/blend.h"
#include "nn/transforms/transform.h"

namespace savp {

// What a frame can be composed from: pictures, or as well distributions over pixels. Each [B, C, H, W].
struct Scene {
  std::vector<Tensor> last;     // the last frames as they were fed, oldest first
  Tensor current;               // the newest of them
  Tensor first, last_context;   // true frames
  Tensor latest_context;        // the true frame of this step, or the last context frame after the context
  std::vector<Tensor> context;  // all context frames
  Tensor scratch;               // made from nothing

  std::vector<Tensor*> tensors();
};

// A frame (or several) to compose from.
struct Candidate {
  int64_t count;
  std::function<Tensor(const Scene&, const nn::Motion&)> frames;  // [B, count, C, H, W]
};
Candidate still(Tensor Scene::*frame);
Candidate all_context(int64_t context_frames);
Candidate moved(int64_t count);

struct Composition {
  Tensor frame;       // [B, C, H, W]
  Tensor candidates;  // [B, M, C, H, W]
};

// The candidates' frames, not yet composed.
Composition compose(const std::vector<Candidate>& candidates, const Scene& scene, const nn::Motion& motion);

// The same masks on distributions over pixels, which afterwards sum to 1 again. A pixel made from nothing
// stays where it was.
Composition compose_pixels(const std::vector<Candidate>& candidates, Scene& scene, const nn::Motion& motion,
                           const Tensor& masks);

}  // namespace savp
