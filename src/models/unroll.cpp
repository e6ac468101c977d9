#include "models/unroll.h"

#include <torch/types.h>

#include <utility>

namespace savp {
namespace {

// The outputs of all steps; those of steps that several rollouts share are repeated for each.
struct Record {
  std::vector<Tensor> steps;

  void add(const Tensor& value, int64_t copies) {
    if (value.defined()) steps.push_back(repeat_batch(value, copies));
  }
  Tensor stacked() const { return steps.empty() ? Tensor() : torch::stack(steps); }
};

struct Records {
  Record images, states, pix_distribs, flows, masks, candidates, pixel_candidates;

  void add(const NextFrame& next, int64_t copies, bool details) {
    images.add(next.image.frame, copies);
    pix_distribs.add(next.pixels.frame, copies);
    flows.add(next.flows, copies);
    states.add(next.state, copies);
    if (!details) return;
    masks.add(next.masks, copies);
    candidates.add(next.image.candidates, copies);
    pixel_candidates.add(next.pixels.candidates, copies);
  }

  Prediction stacked() const {
    return {.images = images.stacked(),
            .states = states.stacked(),
            .pix_distribs = pix_distribs.stacked(),
            .flows = flows.stacked(),
            .masks = masks.stacked(),
            .transformed_images = candidates.stacked(),
            .transformed_pix_distribs = pixel_candidates.stacked()};
  }
};

}  // namespace

Reel::Reel(const std::vector<Tensor>& frames, const std::vector<Tensor>& pix_distribs, int64_t context,
           const Track::Kept& kept)
    : images(frames, context, kept) {
  if (!pix_distribs.empty()) pixels.emplace(pix_distribs, context, kept);
}

void Reel::widen(int64_t copies) {
  images.widen(copies);
  if (pixels) pixels->widen(copies);
}

void Reel::skip(int64_t steps) {
  for (int64_t t = 0; t < steps; ++t) {
    images.advance(t);
    if (pixels) pixels->advance(t);
  }
}

Prediction unroll(Reel reel, const Unrolling& how, const std::function<NextFrame(const RolloutStep&)>& make) {
  Records records;
  int64_t copies = 1;
  for (int64_t t = how.first; t < how.first + how.steps; ++t) {
    const bool widened = t == how.first + how.shared && how.copies > 1;
    if (widened) reel.widen(copies = how.copies);
    const auto feed_truth =
        how.feed_truth.defined() && t >= how.context ? how.feed_truth[t - how.context] : Tensor();
    const auto feed_pixels = how.feed_true_pixels ? feed_truth : Tensor();
    auto* pixels = reel.pixels ? &reel.pixels->advance(t, feed_pixels) : nullptr;
    const auto next = make({t, feed_truth, copies, widened, reel.images.advance(t, feed_truth), pixels});
    reel.images.set_generated(next.image.frame);
    if (reel.pixels) reel.pixels->set_generated(next.pixels.frame);
    records.add(next, how.copies / copies, how.details);
  }
  return records.stacked();
}

}  // namespace savp
