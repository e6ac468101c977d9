// Draws a scene from above, with the light from the upper left.
#pragma once

#include <array>
#include <vector>

#include "io/image.h"
#include "making/toy/physics.h"

namespace savp::toy {

inline constexpr double kRim = 0.06;          // width of the tray's rim, share of the picture
inline constexpr double kBlockHeight = 0.03;  // how far a block's top is drawn above its foot, tray widths

// Where a picture shows what is so high above the table, shares of its side.
inline Vec in_picture(Vec place, double height) {
  return Vec{kRim, kRim} + (place - Vec{0, height}) * (1 - 2 * kRim);
}

using Colour = std::array<int, 3>;  // red, green, blue, 0 .. 255

// What is seen besides the blocks' places.
struct Look {
  std::vector<Colour> colours;  // of the blocks
  double lift = 0;              // of the gripper: 0 on the table .. 1
  double wrist = 0;             // radians
};

class Painter {
 public:
  explicit Painter(int64_t size);  // pixels, of a side
  Picture paint(const World& world, const Look& look) const;

 private:
  int64_t size_;
  Picture tray_;  // the empty scene, larger by the factor of supersampling
};

}  // namespace savp::toy
