#include "models/baselines.h"

#include <ATen/ATen.h>

#include <functional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "models/track.h"

namespace savp {
namespace {

// A continuation made by treating images and pixel distributions alike: the frames that a rule picks out of
// those given, by number.
class Picked : public Continuation {
 public:
  using Rule = std::function<Tensor(const Tensor& given, int64_t shown, int64_t length)>;
  Picked(const Batch& batch, int64_t shown, Rule rule)
      : images_(batch.images), pix_distribs_(batch.pix_distribs), shown_(shown), rule_(std::move(rule)) {}

  void observe(const Batch& next) override {
    images_ = with(images_, next.images);
    if (pix_distribs_.defined()) pix_distribs_ = with(pix_distribs_, next.pix_distribs);
    ++shown_;
  }

  Prediction imagine(const Tensor& actions, int64_t length, RolloutNoise& noise) override {
    const auto times = noise.rollouts().samples * count_plans(actions, images_.size(1));
    Prediction prediction;
    prediction.images = repeat_axis1(rule_(images_, shown_, length), times);
    if (pix_distribs_.defined())
      prediction.pix_distribs = repeat_axis1(rule_(pix_distribs_, shown_, length), times);
    return prediction;
  }

 private:
  // In the place of the frame that was to come, if it was there.
  Tensor with(const Tensor& given, const Tensor& next) const {
    std::vector<Tensor> parts = {given.slice(0, 0, shown_), next};
    if (given.size(0) > shown_ + 1) parts.push_back(given.slice(0, shown_ + 1));
    return at::cat(parts);
  }

  Tensor images_, pix_distribs_;
  int64_t shown_;
  Rule rule_;
};

void check_length(int64_t length, int64_t frames) {
  SAVP_CHECK(frames >= length, UsageError, "ground_truth needs all ", length, " frames, there are ", frames,
             ": choose another model");
}

class GroundTruth : public VideoPredictor {
 public:
  std::unique_ptr<Continuation> start(const Batch& batch, int64_t shown) override {
    return std::make_unique<Picked>(batch, shown, [](const Tensor& given, int64_t known, int64_t length) {
      check_length(known + length, given.size(0));
      return given.slice(0, known, known + length);
    });
  }
  bool stochastic() const override { return false; }
};

class Repeat : public VideoPredictor {
 public:
  explicit Repeat(int64_t context_frames) : context_frames_(context_frames) {}

  std::unique_ptr<Continuation> start(const Batch& batch, int64_t shown) override {
    check_context(batch);
    return std::make_unique<Picked>(batch, shown, [](const Tensor& given, int64_t known, int64_t length) {
      auto sizes = given.sizes().vec();
      sizes[0] = length;
      return given.slice(0, known - 1, known).expand(sizes);
    });
  }
  bool stochastic() const override { return false; }

 private:
  void check_context(const Batch& batch) const {
    SAVP_CHECK(batch.images.size(0) >= context_frames_, UsageError, "repeat needs ", context_frames_,
               " context frames, there are ", batch.images.size(0),
               ": lower context_frames or give a longer video");
  }

  int64_t context_frames_;
};

}  // namespace

std::unique_ptr<VideoPredictor> make_ground_truth(const ModelHparams& /*hparams*/) {
  return std::make_unique<GroundTruth>();
}

std::unique_ptr<VideoPredictor> make_repeat(const ModelHparams& hparams) {
  return std::make_unique<Repeat>(hparams.context_frames);
}

}  // namespace savp
