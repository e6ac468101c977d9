// Predictor for programs that use LibTorch: several videos at once, as tensors that stay on their device.
// Everything that savp/predictor.h says of errors, threads, draws and costs holds here as well.
//
// T counts frames, B videos, N plans, S samples, C channels, A numbers an action, R numbers a state, P
// distributions over pixels. All tensors are float; an undefined tensor means "not there".
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "savp/predictor.h"

namespace savp {

// Frames that are shown. May lie on any device; those not on the model's are copied.
struct TensorFrames {
  at::Tensor images;   // [T, B, C, H, W], 0 to 1
  at::Tensor actions;  // [T - 1, B, A], action t leads from frame t to t + 1; for observe() [1, B, A], what
                       // led there
  at::Tensor states;   // [T, B, R]
  at::Tensor pixels;   // [T, B, P, H, W], each with the sum 1 over H and W
};

// Futures, on the model's device, without gradients: sample s of plan n of video b at (n * S + s) * B + b.
struct TensorFutures {
  at::Tensor images;  // [length, N * S * B, C, H, W], as the model composes them: may leave 0..1 by rounding,
                      // not clipped
  at::Tensor states;  // [length, N * S * B, R]
  at::Tensor pixels;  // [length, N * S * B, P, H, W]
  at::Tensor
      flows;  // [length, N * S * B, K, 2, H, W], x then y, in pixels; only of models that estimate flows
};

// Futures to imagine of all videos.
struct TensorWish {
  at::Tensor actions;        // [length, N * B, A], plan n of video b at n * B + b; undefined: one plan
  int64_t samples = 1;       // of each video and plan
  int64_t length = 10;       // frames
  uint64_t seed = 0;         // of the draws
  int64_t first_sample = 0;  // the number of the first one
};

// What a model has seen of some videos, as PredictorScene. It holds on to tensors that it was shown and that
// were on the model's device: do not change them in place.
class TensorScene {
 public:
  // As PredictorScene::imagine(). Throws UsageError.
  TensorFutures imagine(const TensorWish& wish);
  // As PredictorScene::observe(), one frame of each video, T = 1. Throws UsageError.
  void observe(const TensorFrames& next);
  int64_t frames() const;

  TensorScene(TensorScene&&) noexcept;
  TensorScene& operator=(TensorScene&&) noexcept;
  ~TensorScene();

 private:
  struct Body;
  friend class TensorPredictor;
  explicit TensorScene(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

// A look at a model that a Predictor has opened; shares it, and may outlive it.
class TensorPredictor {
 public:
  explicit TensorPredictor(const Predictor& model);
  // All frames are shown, at least context_frames(). first_video is the number of the first video, which its
  // draws depend on besides seed and sample. Throws UsageError for tensors that do not fit.
  TensorScene start(const TensorFrames& context, int64_t first_video = 0) const;
  // The device that the model is on, and futures come from.
  at::Device device() const;

 private:
  std::shared_ptr<const Predictor::Body> model_;
};

}  // namespace savp
