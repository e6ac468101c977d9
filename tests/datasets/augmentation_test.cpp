#include "datasets/augmentation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace savp {
namespace {

at::Tensor ramp() { return (at::arange(2 * 3 * 8 * 8, at::kFloat) / (2 * 3 * 8 * 8)).view({2, 3, 8, 8}); }

DatasetHparams hparams(bool flip, double crop, double color) {
  DatasetHparams hp;
  hp.augment_flip = flip;
  hp.augment_crop = crop;
  hp.augment_color = color;
  return hp;
}

at::Tensor varied(const DatasetHparams& hp, uint64_t seed) {
  const auto images = ramp();
  Draws draws(seed);
  Augmentation(hp).apply(images, draws);
  return images;
}

TEST(Augmentation, MirrorsHalfOfTheSequencesWhole) {
  int64_t mirrored = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto images = varied(hparams(true, 0, 0), seed);
    const bool flipped = at::equal(images, ramp().flip(3));
    EXPECT_TRUE(flipped || at::equal(images, ramp()));
    mirrored += flipped ? 1 : 0;
  }
  EXPECT_GT(mirrored, 30);
  EXPECT_LT(mirrored, 70);
}

TEST(Augmentation, AWindowIsEnlarged) {
  const auto whole = ramp();
  enlarge(whole.data_ptr<float>(), 6, 8, 8, {0, 0, 8, 8});
  EXPECT_TRUE(at::allclose(whole, ramp()));
  const auto part = ramp();
  enlarge(part.data_ptr<float>(), 6, 8, 8, {2, 4, 4, 4});
  const auto expected =
      at::upsample_bilinear2d(ramp().slice(2, 2, 6).slice(3, 4, 8), {8, 8}, /*align_corners=*/false);
  // inside, where pixels beyond the window's edge do not count
  EXPECT_TRUE(
      at::allclose(part.slice(2, 1, 7).slice(3, 1, 7), expected.slice(2, 1, 7).slice(3, 1, 7), 1e-4, 1e-5));
}

TEST(Augmentation, ColorsByTheirDefinition) {
  const auto images = ramp();
  recolor(images, {.brightness = 0.5, .contrast = 1.2, .saturation = 0.7});
  const auto bright = ramp() * 0.5;
  const auto gray =
      (bright.select(1, 0) * 0.299 + bright.select(1, 1) * 0.587 + bright.select(1, 2) * 0.114).unsqueeze(1);
  const auto saturated = gray + 0.7 * (bright - gray);
  EXPECT_TRUE(at::allclose(images, (gray.mean() + 1.2 * (saturated - gray.mean())).clamp(0, 1), 1e-4, 1e-5));
}

TEST(Augmentation, StaysWithinItsBoundsAndFollowsTheDraws) {
  const auto hp = hparams(true, 0.5, 0.5);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto images = varied(hp, seed);
    EXPECT_GE(images.min().item<float>(), 0);
    EXPECT_LE(images.max().item<float>(), 1);
    EXPECT_TRUE(at::equal(images, varied(hp, seed)));
    EXPECT_FALSE(at::equal(images, varied(hp, seed + 100)));
  }
  EXPECT_FALSE(Augmentation(hparams(false, 0, 0)).active());
}

}  // namespace
}  // namespace savp
