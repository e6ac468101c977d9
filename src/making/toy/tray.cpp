#include "making/toy/tray.h"

#include <algorithm>
#include <utility>

namespace savp::toy {
namespace {

constexpr double kJam = 0.015;  // overlap at which the gripper stops rather than press on

}  // namespace

Vec within_reach(Vec position) {
  return {std::clamp(position.x, kReach, 1 - kReach), std::clamp(position.y, kReach, 1 - kReach)};
}

bool is_free(const World& world, const Body& body) {
  return std::none_of(world.blocks.begin(), world.blocks.end(),
                      [&](const Body& block) { return overlap(block, body) > 0; });
}

Tray::Tray(World world, Look look) : world_(std::move(world)), look_(std::move(look)) {}

double Tray::carry_out(const Command& command) {
  const double lift = look_.lift + command.lift;
  const bool lowered = std::min(lift, look_.lift) < kLowered;
  look_.lift = lift;
  look_.wrist += command.turn;
  for (const double share : {1.0, 0.5, 0.25}) {
    World tried = world_;
    if (tried.step(command.go * share, lowered) > kJam) continue;
    world_ = std::move(tried);
    return share;
  }
  world_.step({}, lowered);
  return 0;
}

}  // namespace savp::toy
