// Tasks in the toy world: push a block to a goal.
#pragma once

#include <array>
#include <cstdint>

#include "making/toy_world.h"

namespace savp {

using Place = std::array<double, 2>;  // in a picture: right and down, shares of its side

// Of pictures of 64 pixels.
double pixels_apart(const Place& a, const Place& b);

struct Task {
  ToyWorld world;     // as it is found
  int64_t block = 0;  // to push
  Place goal = {};    // where the middle of its top shall be seen
};

// The goal is where the robot that made the training data happens to push the block within 12 frames, 6 to 16
// pixels away: it can be reached. Scenes are none of those of data sets. The same number gives the same task.
Task make_task(uint64_t number);

}  // namespace savp
