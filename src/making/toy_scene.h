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
  // Another future of the same start: what the robot decides at this frame and later follows `fork_seed`.
  // -1: the scene's own seed throughout.
  int64_t fork = -1;
  uint64_t fork_seed = 0;
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
  std::vector<std::array<int, 3>> colours;  // of the blocks' tops: red, green, blue, 0 .. 255
};

// The same seed and options give the same bytes.
ToyRecording record_toy_scene(uint64_t seed, const ToySceneOptions& options = {});

}  // namespace savp
