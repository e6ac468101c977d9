// What the rollouts of all models share: pictures on their way through one, and the copies of its videos.
#pragma once

#include <vector>

#include "core/noise.h"
#include "core/video.h"
#include "models/composition.h"

namespace savp {

// x [B, ...] -> [copies * B, ...], and x [T, B, ...] -> [T, copies * B, ...]; an undefined tensor stays so.
Tensor repeat_batch(const Tensor& x, int64_t copies);
Tensor repeat_axis1(const Tensor& x, int64_t copies);

// The steps of x [T, ...]; none of an undefined tensor.
std::vector<Tensor> unbound(const Tensor& x);

// How many plans the actions [T, N * B, A] of B videos are; one where there are none.
int64_t count_plans(const Tensor& actions, int64_t videos);

// Actions [T, N * B, A] for `samples` rollouts of each, [T, N * S * B, A] as Continuation::imagine()
// orders them.
Tensor repeat_plans(const Tensor& actions, int64_t videos, int64_t samples);

// One kind of picture on its way through a rollout: what is fed at each step, and what can be composed from.
class Track {
 public:
  // Each of `truth` is [B, C, H, W]; the first `context` of them are fed. kept: how many of the last frames
  // fed, and of the last true ones of the context, can be composed from.
  struct Kept {
    int64_t last = 1, context = 0;
  };
  Track(std::vector<Tensor> truth, int64_t context, const Kept& kept);

  // From now on `copies` times as many rollouts of the same videos.
  void widen(int64_t copies);

  // The scene of step t. Where `feed_truth` [B] holds, the true frame is fed after the context, too.
  Scene& advance(int64_t t, const Tensor& feed_truth = {});
  void set_generated(const Tensor& frame) { generated_ = frame; }

 private:
  Tensor truth(int64_t t) const { return repeat_batch(truth_[t], copies_); }

  std::vector<Tensor> truth_;
  Tensor generated_;
  int64_t context_, copies_ = 1;
  Scene scene_;
};

// Frames that were shown, with what came with them, [B, ...] each.
struct ShownFrames {
  // The first `count` frames of a batch; actions and states only of a shape that has them.
  ShownFrames(const Batch& batch, int64_t count, const VideoShape& shape);
  // One more frame of each video, of the sizes of those before.
  void add(const Batch& next);

  int64_t videos() const { return images.front().size(0); }
  int64_t known_steps() const {
    return static_cast<int64_t>(images.size()) - 1;
  }  // whose next frame is known

  bool with_actions, with_states;
  std::vector<Tensor> images, pix_distribs, actions, states;
};

// Whose draws were used to go through the frames that were shown, and how far.
struct WarmKey {
  uint64_t seed = 0;
  RolloutNoise::Rollouts rollouts = {};
  bool operator==(const WarmKey&) const = default;
};

}  // namespace savp
