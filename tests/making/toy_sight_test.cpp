#include "making/toy_sight.h"

#include <gtest/gtest.h>

#include <cmath>

#include "making/toy_scene.h"

namespace savp {
namespace {

constexpr int64_t kSide = 64;

std::vector<float> floats(const Picture& picture) {
  std::vector<float> all;
  for (const auto byte : picture.pixels) all.push_back(static_cast<float>(byte) / 255.0F);
  return all;
}

FrameView view(const std::vector<float>& frame) { return {frame.data(), kSide, kSide}; }

TEST(ToySight, FindsTheArmWhereItIs) {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const auto scene = record_toy_scene(seed, {.length = 8, .size = kSide});
    for (size_t t = 0; t < scene.frames.size(); ++t) {
      const auto seen = look_at(view(floats(scene.frames[t])), scene.colours);
      const auto& at = scene.positions[t];
      const double tray = kSide * 0.88,
                   rim = kSide * 0.06;  // the palm is drawn above its place, by its height
      EXPECT_NEAR(seen.x, rim + (0.5 + 0.1 * at[0]) * tray, 1.5) << "scene " << seed << ", frame " << t;
      EXPECT_NEAR(seen.y, rim + (0.5 + 0.1 * at[1] - 0.035 - 0.08 * at[2]) * tray, 2.5);
      EXPECT_GT(seen.areas.front(), 40);
      EXPECT_LT(seen.areas.front(), 120);
    }
  }
}

TEST(ToySight, TellsBlocksApartAndMissesWhatIsGone) {
  const auto scene = record_toy_scene(3, {.length = 2, .size = kSide});
  const auto seen = look_at(view(floats(scene.frames[1])), scene.colours);
  ASSERT_EQ(seen.areas.size(), scene.colours.size() + 1);
  double blocks = 0;
  for (size_t i = 1; i < seen.areas.size(); ++i) blocks += seen.areas[i];
  EXPECT_GT(blocks, 100);
  const std::vector<float> gray(kSide * kSide * 3, 0.5F);
  const auto nothing = look_at(view(gray), scene.colours);
  for (const double area : nothing.areas) EXPECT_EQ(area, 0);
  EXPECT_TRUE(std::isnan(nothing.x));
}

TEST(ToySight, ABlurredFrameHasLessGradientEnergy) {
  const auto sharp = floats(record_toy_scene(1, {.length = 2, .size = kSide}).frames[0]);
  auto blurred = sharp;
  for (size_t i = 3; i < sharp.size(); ++i) blurred[i] = (sharp[i] + sharp[i - 3]) / 2;
  EXPECT_LT(gradient_energy(view(blurred)), 0.9 * gradient_energy(view(sharp)));
  EXPECT_EQ(distance(view(sharp), view(sharp)), 0);
  EXPECT_GT(distance(view(sharp), view(blurred)), 0.005);
}

TEST(ToySight, EnergyDistanceIsOfHowPointsAreSpread) {
  const std::vector<Point> one = {{0, 0}, {0, 2}}, same = {{0, 0}, {0, 2}}, moved = {{9, 0}, {9, 2}};
  EXPECT_NEAR(energy_distance(one, same), -2, 1e-12) << "without the pairs of a point with itself";
  EXPECT_NEAR(energy_distance(one, moved), 9 + std::hypot(9, 2) - 4, 1e-12);
  EXPECT_EQ(quantile({3, 1, 2}, 0), 1);
  EXPECT_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({3, 1, 2}, 1), 3);
}

TEST(ToyScene, ForksIntoOtherFutures) {
  const ToySceneOptions plain{.length = 10, .size = 32};
  auto forked = plain, other = plain;
  forked.fork = other.fork = 3;
  forked.fork_seed = 1;
  other.fork_seed = 2;
  const auto scene = record_toy_scene(5, plain), a = record_toy_scene(5, forked),
             b = record_toy_scene(5, other);
  for (int64_t t = 0; t <= 3; ++t) {
    EXPECT_EQ(a.frames[t].pixels, scene.frames[t].pixels) << "frame " << t;
    EXPECT_EQ(b.frames[t].pixels, scene.frames[t].pixels) << "frame " << t;
  }
  EXPECT_NE(a.frames[9].pixels, b.frames[9].pixels);
  EXPECT_NE(a.frames[9].pixels, scene.frames[9].pixels);
  EXPECT_EQ(a.frames[9].pixels, record_toy_scene(5, forked).frames[9].pixels)
      << "the same seeds, the same future";
}

}  // namespace
}  // namespace savp
