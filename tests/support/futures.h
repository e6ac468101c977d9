// What a predictor imagines of a batch's videos.
#pragma once

#include "core/noise.h"
#include "models/predictor.h"

namespace savp {

struct WantedFutures {
  int64_t shown;   // frames of the batch; actions after them are followed
  int64_t length;  // frames imagined
  int64_t samples = 1;
  uint64_t seed = 3;
};

// [length, samples * B, ...], sample s of video b at s * B + b.
inline Prediction futures(VideoPredictor& predictor, const Batch& batch, const WantedFutures& how) {
  RolloutNoise noise(batch.images.device(), how.seed, {.videos = batch.batch_size(), .samples = how.samples});
  const auto actions = batch.actions.defined() ? batch.actions.slice(0, how.shown - 1) : Tensor();
  return predictor.start(batch, how.shown)->imagine(actions, how.length, noise);
}

}  // namespace savp
