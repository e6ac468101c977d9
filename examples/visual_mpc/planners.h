// Who drives the arm: chance, a planner in the world itself, or a planner in a learned model.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cem_planner.h"
#include "savp/predictor.h"
#include "task.h"

namespace savp {

class Pilot {
 public:
  virtual ~Pilot() = default;

  // Shows the world as it is now, and the command as it was carried out that led there; that of the first
  // frame has no meaning.
  virtual void see(const Action& action, const ToyWorld& world) = 0;

  // The next command, once the first frames were seen.
  virtual Action next() = 0;

  // What it expects to see while its latest plan is carried out; empty where it has no pictures in mind.
  virtual std::vector<Picture> expected() const { return {}; }
};

// The commands as a robot at that position carries them out, one that knows its own limits; what blocks it on
// the way is not looked at.
Plan within_reach(Plan plan, const std::array<float, 3>& position);

// Straight ways of some frames in random directions.
std::unique_ptr<Pilot> random_pilot(uint64_t seed);

// Plans in copies of the world: what a perfect model would reach.
std::unique_ptr<Pilot> simulator_pilot(const Task& task, const PlannerOptions& options, uint64_t seed);

// Looks at pictures and the arm's positions alone. The block's pixels, found by their colour, are followed
// through the predicted frames, as long as these show the block; plans are cheap that bring their mean near
// to the goal. It must see model.context_frames() frames first. Throws UsageError for a model of another
// world: one that takes other actions or states, or none.
std::unique_ptr<Pilot> model_pilot(const Predictor& model, const Task& task, const PlannerOptions& options,
                                   uint64_t seed);

}  // namespace savp
