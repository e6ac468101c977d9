#include "models/baselines.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace savp {
namespace {

// `samples` times the same, [T, B, ...] -> [T, samples * B, ...].
Tensor copies(const Tensor& videos, int64_t samples) {
  std::vector<int64_t> times(videos.dim(), 1);
  times[1] = samples;
  return videos.repeat(times);
}

// A prediction made by treating images and pixel distributions alike: both are given for every frame.
template <class Rule>
Prediction predict_alike(const Batch& batch, int64_t samples, const Rule& rule) {
  Prediction prediction;
  prediction.images = copies(rule(batch.images), samples);
  if (batch.pix_distribs.defined()) prediction.pix_distribs = copies(rule(batch.pix_distribs), samples);
  return prediction;
}

class GroundTruth : public Predictor {
 public:
  Prediction predict(const Batch& batch, int64_t length, int64_t samples, Noise& /*noise*/) override {
    SAVP_CHECK(batch.images.size(0) >= length, UsageError, "ground_truth needs all ", length,
               " frames, there are ", batch.images.size(0), ": choose another model");
    return predict_alike(batch, samples,
                         [length](const Tensor& frames) { return frames.slice(0, 1, length); });
  }
  bool stochastic() const override { return false; }
};

class Repeat : public Predictor {
 public:
  explicit Repeat(int64_t context_frames) : context_frames_(context_frames) {}

  Prediction predict(const Batch& batch, int64_t length, int64_t samples, Noise& /*noise*/) override {
    SAVP_CHECK(batch.images.size(0) >= context_frames_, UsageError, "repeat needs ", context_frames_,
               " context frames, there are ", batch.images.size(0),
               ": lower context_frames or give a longer video");
    const auto shown =
        at::arange(1, length, at::device(batch.images.device()).dtype(at::kLong));  // frames to predict
    const auto source = shown.clamp_max(context_frames_ - 1);
    return predict_alike(batch, samples,
                         [&](const Tensor& frames) { return frames.index_select(0, source); });
  }
  bool stochastic() const override { return false; }

 private:
  int64_t context_frames_;
};

}  // namespace

std::unique_ptr<Predictor> make_ground_truth(const ModelHparams& /*hparams*/) {
  return std::make_unique<GroundTruth>();
}

std::unique_ptr<Predictor> make_repeat(const ModelHparams& hparams) {
  return std::make_unique<Repeat>(hparams.context_frames);
}

}  // namespace savp
