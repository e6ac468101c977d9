#include "models/baselines.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/error.h"
#include "support/futures.h"

namespace savp {
namespace {

ModelHparams hparams(int64_t context_frames) {
  ModelHparams hparams;
  hparams.context_frames = context_frames;
  return hparams;
}

// A number a frame and video: frame t of video b is 10 t + b.
Batch numbered(int64_t frames, int64_t videos) {
  Batch batch;
  batch.images = (10 * torch::arange(frames).view({-1, 1}) + torch::arange(videos))
                     .to(torch::kFloat)
                     .view({frames, videos, 1, 1, 1})
                     .expand({frames, videos, 1, 2, 2});
  batch.pix_distribs = batch.images + 0.5;
  return batch;
}

std::vector<float> corner(const Tensor& frames, int64_t video) {
  const auto pixels = frames.select(1, video).select(-1, 0).select(-1, 0).flatten().contiguous();
  return {pixels.data_ptr<float>(), pixels.data_ptr<float>() + pixels.numel()};
}

TEST(GroundTruth, ShowsTheTrueFrames) {
  const auto predictor = make_ground_truth(hparams(2));
  const auto prediction = futures(*predictor, numbered(5, 2), {.shown = 2, .length = 3});
  EXPECT_EQ(corner(prediction.images, 1), (std::vector<float>{21, 31, 41}));
  EXPECT_THROW(futures(*predictor, numbered(5, 2), {.shown = 2, .length = 4}), UsageError);
}

TEST(Repeat, HoldsTheLastContextFrame) {
  const auto prediction = futures(*make_repeat(hparams(3)), numbered(6, 2), {.shown = 3, .length = 3});
  EXPECT_EQ(corner(prediction.images, 0), (std::vector<float>{20, 20, 20}));
  EXPECT_EQ(corner(prediction.pix_distribs, 1), (std::vector<float>{21.5, 21.5, 21.5}));
}

TEST(Repeat, NeedsTheContextAlone) {
  const auto predictor = make_repeat(hparams(2));
  EXPECT_EQ(corner(futures(*predictor, numbered(2, 1), {.shown = 2, .length = 2}).images, 0),
            (std::vector<float>{10, 10}));
  EXPECT_THROW(futures(*predictor, numbered(1, 1), {.shown = 2, .length = 2}), UsageError);
}

TEST(Baselines, SamplesAreOneBatch) {
  for (const auto& predictor : {make_ground_truth(hparams(2)), make_repeat(hparams(2))}) {
    const auto images = futures(*predictor, numbered(4, 2), {.shown = 2, .length = 2, .samples = 3}).images;
    ASSERT_EQ(images.size(1), 6);
    for (int64_t sample = 0; sample < 3; ++sample)
      EXPECT_EQ(corner(images, 2 * sample + 1), corner(images, 1));
    EXPECT_FALSE(predictor->stochastic());
  }
}

}  // namespace
}  // namespace savp
