// A model that is shown frames and imagines what follows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "inference/open_model.h"

namespace savp {

// Some videos, B of them, as a model has seen them so far: their frames' encodings and the model's weights as
// convolutions apply them are kept. One thread at a time may use it; different rollouts of one model may be
// used by different threads. The model must outlive it; tensors may be on any device.
class Rollout {
 public:
  // The first `shown` frames of the batch, at least the model's context_frames, with the actions between them
  // and the states where the model takes them. What comes after is never looked at, except by ground_truth.
  // first_video: the number of the first of them in the data, which its draws depend on. Throws UsageError.
  Rollout(const OpenModel& model, const Batch& batch, int64_t shown, int64_t first_video = 0);

  // The next true frame [1, B, C, H, W], the action that led to it and its state where the model takes them.
  // Throws UsageError.
  void observe(const Batch& next);

  struct Wish {
    int64_t length = 1;   // frames
    int64_t samples = 1;  // futures of each video and plan
    int64_t first_sample = 0;
    uint64_t seed = 0;
    Tensor actions =
        {};  // [length or more, N * B, A], plan n of video b at n * B + b; undefined: one plan without
  };
  // The next frames, [length, N * S * B, ...] on the model's device, sample s of plan n of video b at (n * S
  // + s) * B + b; images as they were composed, not clipped. They depend on seed, frames, plan, numbers of
  // video and sample, and the model alone, not on what else is asked for. Throws UsageError.
  Prediction imagine(const Wish& wish);

  // The samples in portions of at most `at_once`. Throws InterruptedError where the user asked to stop.
  void imagine(Wish wish, int64_t at_once, const std::function<void(const Prediction&)>& take);

  int64_t frames() const { return frames_; }  // shown so far

 private:
  Batch checked(const Batch& batch, int64_t first, int64_t frames) const;

  const OpenModel& model_;
  int64_t videos_, first_video_, frames_;
  bool with_pixels_;
  std::unique_ptr<Continuation> continuation_;
};

}  // namespace savp
