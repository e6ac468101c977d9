// The tray of the toy scene: blocks, the robot's gripper, and what commands to it do.
#pragma once

#include "making/toy/painter.h"
#include "making/toy/physics.h"

namespace savp::toy {

inline constexpr double kUnit = 0.1;      // of commands and positions as told, tray widths
inline constexpr double kReach = 0.14;    // the gripper's centre keeps this far from the walls, tray widths
inline constexpr double kLowered = 0.5;   // below this lift the gripper touches blocks
inline constexpr double kRise = 0.34;     // the most that it is lifted or lowered in a frame
inline constexpr double kFarthest = 0.1;  // that it goes in a frame, tray widths

// For one frame.
struct Command {
  Vec go;           // tray widths
  double lift = 0;  // of the way from the table to the top
  double turn = 0;  // of the wrist, radians
};

Vec within_reach(Vec position);

// Whether no block is there.
bool is_free(const World& world, const Body& body);

class Tray {
 public:
  Tray(World world, Look look);

  const World& world() const { return world_; }
  const Look& look() const { return look_; }

  // Moves on by one frame. Of the way the gripper goes as much as does not press a block into a wall: 1, 0.5,
  // 0.25 or 0 of it, which is told.
  double carry_out(const Command& command);

 private:
  World world_;
  Look look_;
};

}  // namespace savp::toy
