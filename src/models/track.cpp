#include "models/track.h"

#include <torch/types.h>

#include <algorithm>

namespace savp {
namespace {

Tensor repeat_axis(const Tensor& x, int64_t axis, int64_t copies) {
  if (!x.defined() || copies == 1) return x;
  std::vector<int64_t> times(x.dim(), 1);
  times[axis] = copies;
  return x.repeat(times);
}

}  // namespace

Tensor repeat_batch(const Tensor& x, int64_t copies) { return repeat_axis(x, 0, copies); }
Tensor repeat_axis1(const Tensor& x, int64_t copies) { return repeat_axis(x, 1, copies); }

std::vector<Tensor> unbound(const Tensor& x) { return x.defined() ? x.unbind(0) : std::vector<Tensor>{}; }

int64_t count_plans(const Tensor& actions, int64_t videos) {
  if (!actions.defined()) return 1;
  TORCH_CHECK(actions.size(1) > 0 && actions.size(1) % videos == 0, "actions ", actions.sizes(), " for ",
              videos, " videos");
  return actions.size(1) / videos;
}

Tensor repeat_plans(const Tensor& actions, int64_t videos, int64_t samples) {
  if (!actions.defined() || samples == 1) return actions;
  const auto plans = actions.unflatten(1, {actions.size(1) / videos, videos}).unsqueeze(2);
  return plans.expand({-1, -1, samples, -1, -1}).flatten(1, 3);
}

Track::Track(std::vector<Tensor> truth, int64_t context, const Kept& kept)
    : truth_(std::move(truth)), context_(context) {
  scene_.first = truth_[0];
  scene_.last_context = truth_[context - 1];
  scene_.context.assign(truth_.begin() + (context - kept.context), truth_.begin() + context);
  scene_.last.assign(kept.last, truth_[0]);
}

void Track::widen(int64_t copies) {
  copies_ *= copies;
  for (auto* frame : {&scene_.first, &scene_.last_context, &generated_})
    *frame = repeat_batch(*frame, copies);
  for (auto* frames : {&scene_.context, &scene_.last})
    for (auto& frame : *frames) frame = repeat_batch(frame, copies);
}

Scene& Track::advance(int64_t t, const Tensor& feed_truth) {
  scene_.current = t < context_ ? truth(t) : generated_;
  if (t >= context_ && feed_truth.defined())
    scene_.current = torch::where(feed_truth.view({-1, 1, 1, 1}), truth(t), generated_);
  scene_.latest_context = t < context_ ? scene_.current : scene_.last_context;
  scene_.last.erase(scene_.last.begin());
  scene_.last.push_back(scene_.current);
  return scene_;
}

ShownFrames::ShownFrames(const Batch& batch, int64_t count, const VideoShape& shape)
    : with_actions(shape.actions > 0), with_states(shape.states > 0) {
  images = batch.images.narrow(0, 0, count).unbind(0);
  if (batch.pix_distribs.defined()) pix_distribs = batch.pix_distribs.narrow(0, 0, count).unbind(0);
  if (with_actions && count > 1) actions = batch.actions.narrow(0, 0, count - 1).unbind(0);
  if (with_states) states = batch.states.narrow(0, 0, count).unbind(0);
}

void ShownFrames::add(const Batch& next) {
  TORCH_CHECK(next.images.size(0) == 1 && next.images[0].sizes() == images.front().sizes(), "frames ",
              next.images.sizes(), " after frames ", images.front().sizes());
  images.push_back(next.images[0]);
  if (!pix_distribs.empty()) pix_distribs.push_back(next.pix_distribs[0]);
  if (with_actions) actions.push_back(next.actions[0]);
  if (with_states) states.push_back(next.states[0]);
}

}  // namespace savp
