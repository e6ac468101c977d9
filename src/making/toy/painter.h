// Draws a scene from above, with the light from the upper left.
#pragma once

#include <array>
#include <vector>

#include "io/image.h"
#include "making/toy/physics.h"

namespace savp::toy {

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
