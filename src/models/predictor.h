// Anything that continues a video.
#pragma once

#include <memory>

#include "core/model_hparams.h"
#include "core/noise.h"
#include "core/video.h"

namespace savp {

class Predictor {
 public:
  virtual ~Predictor() = default;

  // The frames 1 .. length - 1 that continue each of the batch's videos, `samples` times, as one batch of
  // samples * B videos in which sample s of video b has index s * B + b. Frames after the context are never
  // looked at, except by the ground truth. batch.actions and batch.states, where the model takes them:
  // [length - 1, B, A], [>= context, B, S]. The
  // second dimension of every draw counts the samples * B rollouts in the same order. Runs without gradients.
  // Images come out as they were composed, not clipped.
  virtual Prediction predict(const Batch& batch, int64_t length, int64_t samples, Noise& noise) = 0;

  // Whether two samples differ.
  virtual bool stochastic() const = 0;
};

}  // namespace savp
