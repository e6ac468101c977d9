// The loop that the rollouts of all models go through, in training and in prediction.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/video.h"
#include "models/composition.h"
#include "models/track.h"

namespace savp {

// The pictures of some videos on their way through a rollout: frames and, where there are some, distributions
// over pixels.
class Reel {
 public:
  // As Track takes them; pix_distribs may be empty.
  Reel(const std::vector<Tensor>& images, const std::vector<Tensor>& pix_distribs, int64_t context,
       const Track::Kept& kept);

  // From now on `copies` times as many rollouts of the same videos.
  void widen(int64_t copies);
  // Goes through the first steps without making anything of them.
  void skip(int64_t steps);

  Track images;
  std::optional<Track> pixels;
};

// What a rollout makes of a step, [B, ...] each; undefined where the model has none.
struct NextFrame {
  Composition image, pixels;
  Tensor masks, flows, state;

  std::vector<Tensor*> tensors() {
    return {&image.frame, &image.candidates, &pixels.frame, &pixels.candidates, &masks, &flows, &state};
  }
};

// A step as a model sees it.
struct RolloutStep {
  int64_t step;       // of the video
  Tensor feed_truth;  // bool [B]: where the true frame is fed after the context; undefined: nowhere
  int64_t copies;     // of the videos
  bool widened;       // there were fewer at the step before
  Scene& images;
  Scene* pixels;  // null where there are no distributions
};

struct Unrolling {
  int64_t steps;
  int64_t first = 0;    // of the steps, counted from the start of the video
  int64_t context = 0;  // feed_truth counts from there
  Tensor feed_truth;    // bool [steps - context, copies * B]; undefined: never
  // Rollouts of the same videos, of which the first `shared` steps are the same and made once.
  int64_t copies = 1, shared = 0;
  bool feed_true_pixels = true;  // feed_truth counts for distributions over pixels, too
  bool details = false;          // how frames were composed is kept, too
};

// Feeds each step the frames that it may see and what the step before has made.
Prediction unroll(Reel reel, const Unrolling& how, const std::function<NextFrame(const RolloutStep&)>& make);

}  // namespace savp
