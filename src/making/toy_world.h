// The toy scene under someone else's command: what a model of it can be tried on in a closed loop.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "io/image.h"
#include "making/toy/tray.h"

namespace savp {

// Units as in ToyRecording: commands and positions in tenths of the tray's width, y down. Copies are cheap
// and go their own ways. One thread at a time.
class ToyWorld {
 public:
  // As the scene of that seed begins (record_toy_scene), so that its first frame is the first one here.
  explicit ToyWorld(uint64_t seed, int64_t blocks = 4);

  // Moves on as the robot itself decides, as in recordings; decisions of a seed of their own.
  void wander(uint64_t seed, int64_t frames);

  // Moves on by one frame; the command as it was carried out. The gripper goes no farther than 1 and stays
  // within reach, is lifted or lowered by 0.34 at most, comes down only where there is room, and does not
  // press blocks into walls.
  std::array<float, 4> act(const std::array<float, 4>& command);

  // How far from the middle the gripper goes, in the unit of positions.
  static constexpr float kReach = static_cast<float>((0.5 - toy::kReach) / toy::kUnit);

  // Where the gripper is: right and down of the tray's middle, and lift.
  std::array<float, 3> position() const;
  int64_t blocks() const { return static_cast<int64_t>(tray_.world().blocks.size()); }
  // Where pictures show the middle of a block's top: right and down, shares of their side.
  std::array<double, 2> block(int64_t number) const;
  // Of the blocks' tops: red, green, blue, 0 .. 255.
  const std::vector<std::array<int, 3>>& colours() const { return tray_.look().colours; }

  // As seen from above, size x size pixels. Draws the empty tray anew each time: some milliseconds.
  Picture picture(int64_t size) const;

 private:
  toy::Tray tray_;
};

}  // namespace savp
