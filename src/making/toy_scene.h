// A made-up world to try things on: a robot arm over a tray pushes coloured blocks about, at random.
// Without its commands the future is uncertain, with them nearly certain: blocks move only when pushed, and
// soon stop.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "io/image.h"

namespace savp {

struct ToySceneOptions {
  int64_t length = 30;  // frames
  int64_t size = 64;    // pixels, of a side
  int64_t blocks = 4;
};

struct ToyRecording {
  std::vector<Picture> frames;
  // The command given at frame t, which leads to frame t + 1: how far the gripper goes right and down (tenths
  // of the tray's width), how much it is lifted (1: from the table to the top), how far the wrist turns
  // (radians, clockwise).
  std::vector<std::array<float, 4>> actions;
  // Where the gripper is at frame t: right and down of the tray's middle, in the same unit, and lift. The
  // next is the sum of this and the command.
  std::vector<std::array<float, 3>> positions;
};

// The same seed and options give the same bytes.
ToyRecording record_toy_scene(uint64_t seed, const ToySceneOptions& options = {});

}  // namespace savp
