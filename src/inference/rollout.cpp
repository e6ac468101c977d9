#include "inference/rollout.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"

namespace savp {
namespace {

// Whether there are at least so many rows [T, B, size].
void check_rows(const Tensor& rows, int64_t least, int64_t videos, int64_t size, const char* what) {
  SAVP_CHECK(rows.defined(), UsageError, "the model takes ", what, "s of ", size, " numbers: give them");
  SAVP_CHECK(rows.dim() == 3 && rows.size(0) >= least && rows.size(1) % videos == 0 && rows.size(1) > 0 &&
                 rows.size(2) == size,
             UsageError, what, "s ", rows.sizes(), " are given, but ", least, " rows for ", videos,
             " videos, of ", size, " numbers each, are needed");
}

}  // namespace

// As it is handed on: frames `first` to `first + frames - 1` as images, with what else the model takes.
// Actions lead from frame to frame; that to the first of later frames is among them.
Batch Rollout::checked(const Batch& batch, int64_t first, int64_t frames) const {
  const auto& shape = model_.shape;
  const auto& images = batch.images;
  SAVP_CHECK(images.defined() && images.dim() == 5 && images.size(0) >= frames && images.size(1) == videos_ &&
                 images.size(2) == shape.channels && images.size(3) == shape.height &&
                 images.size(4) == shape.width,
             UsageError, "frames ", images.sizes(), " are given, but the model takes [", frames, ", ",
             videos_, ", ", shape.channels, ", ", shape.height, ", ", shape.width, "]");
  const int64_t actions = first == 0 ? frames - 1 : frames;
  if (shape.actions > 0 && actions > 0) check_rows(batch.actions, actions, videos_, shape.actions, "action");
  if (shape.states > 0) check_rows(batch.states, frames, videos_, shape.states, "state");
  SAVP_CHECK(first == 0 || batch.pix_distribs.defined() == with_pixels_, UsageError,
             "pixel distributions must come with all frames or with none");
  return batch.to(model_.device);
}

Rollout::Rollout(const OpenModel& model, const Batch& batch, int64_t shown, int64_t first_video)
    : model_(model),
      videos_(batch.images.size(1)),
      first_video_(first_video),
      frames_(shown),
      with_pixels_(batch.pix_distribs.defined()) {
  SAVP_CHECK(shown >= model.hparams->context_frames, UsageError, shown, " frames are shown, the model needs ",
             model.hparams->context_frames, " (context_frames)");
  continuation_ = model.predictor->start(checked(batch, 0, shown), shown);
}

void Rollout::observe(const Batch& next) {
  continuation_->observe(checked(next, frames_, 1));
  ++frames_;
}

Prediction Rollout::imagine(const Wish& wish) {
  SAVP_CHECK(wish.length >= 1 && wish.samples >= 1 && wish.first_sample >= 0, UsageError,
             "length=", wish.length, ", samples=", wish.samples, ", first_sample=", wish.first_sample,
             ": at least one frame and one sample are needed");
  if (model_.shape.actions > 0)
    check_rows(wish.actions, wish.length, videos_, model_.shape.actions, "action");
  RolloutNoise noise(model_.device, wish.seed,
                     {.first_video = first_video_,
                      .videos = videos_,
                      .first_sample = wish.first_sample,
                      .samples = wish.samples});
  const auto actions = wish.actions.defined() ? wish.actions.to(model_.device) : Tensor();
  return continuation_->imagine(actions, wish.length, noise);
}

void Rollout::imagine(Wish wish, int64_t at_once, const std::function<void(const Prediction&)>& take) {
  const auto end = wish.first_sample + wish.samples;
  for (; wish.first_sample < end; wish.first_sample += at_once) {
    stop_if_interrupted();
    wish.samples = std::min(at_once, end - wish.first_sample);
    take(imagine(wish));
  }
}

}  // namespace savp
