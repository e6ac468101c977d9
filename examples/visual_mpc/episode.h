// One try at a task, and how it looked.
#pragma once

#include <cstdint>
#include <vector>

#include "io/image.h"
#include "planners.h"
#include "task.h"

namespace savp {

struct EpisodeOptions {
  int64_t commands = 15;  // at most
  int64_t shown = 2;      // frames seen, at rest, before the first command
  bool pictures = false;  // draw it
};

struct Episode {
  bool reached = false;           // the block came within 2 pixels (of 64) of the goal
  double away = 0;                // pixels (of 64) that the block is from it in the end
  int64_t commands = 0;           // given
  double seconds = 0;             // spent deciding
  std::vector<Picture> pictures;  // a frame each: now, and what the pilot expects
};

// Ends where the block is at the goal.
Episode run_episode(const Task& task, Pilot& pilot, const EpisodeOptions& options);

}  // namespace savp
