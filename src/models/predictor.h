// Anything that continues a video.
#pragma once

#include <memory>

#include "core/model_hparams.h"
#include "core/noise.h"
#include "core/video.h"

namespace savp {

// Some videos as a predictor has seen them so far. B counts the videos. Runs without gradients, on the device
// of the frames that it was started with, with the weights that the predictor had then; it keeps what it is
// shown. One thread at a time may use it; different ones of the same predictor may be used by different
// threads. The predictor must outlive it.
class Continuation {
 public:
  virtual ~Continuation() = default;

  // The next true frame of each video, images [1, B, C, H, W]; where the model takes them, actions [1, B, A],
  // which led there, and states [1, B, S]; pix_distribs [1, B, P, H, W] where it was started with some. What
  // is known is not encoded again.
  virtual void observe(const Batch& next) = 0;

  // The next `length` frames, `noise.rollouts().samples` times for each video and plan, [length, N * S * B,
  // ...]: sample s of plan n of video b has index (n * S + s) * B + b. actions, where the model takes them:
  // [length, N * B, A], plan n of video b at n * B + b; without them there is one plan. The same sample
  // number draws the same numbers in every plan, so that plans differ by nothing else. Images come out as
  // they were composed, not clipped.
  //
  // Where samples differ in what they make of the frames shown (a stochastic model), these are gone through
  // again for every seed; for the seed and samples of the last call only what was observed since.
  virtual Prediction imagine(const Tensor& actions, int64_t length, RolloutNoise& noise) = 0;
};

class VideoPredictor {
 public:
  virtual ~VideoPredictor() = default;

  // Videos of which the first `shown` frames are known, at least as many as the model's context_frames.
  // actions [>= shown - 1, B, A] and states [>= shown, B, S], where the model takes them. What comes after is
  // never looked at, except by the ground truth.
  virtual std::unique_ptr<Continuation> start(const Batch& batch, int64_t shown) = 0;

  // Whether two samples differ.
  virtual bool stochastic() const = 0;
};

}  // namespace savp
