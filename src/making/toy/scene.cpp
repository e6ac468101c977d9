#include <algorithm>
#include <cmath>
#include <random>

#include "making/toy/painter.h"
#include "making/toy/physics.h"
#include "making/toy_scene.h"

namespace savp {
namespace toy {
namespace {

constexpr double kGripperRadius = 0.11;
constexpr double kReach = 0.14;                     // the gripper's centre keeps this far from the walls
constexpr double kSlowest = 0.05, kFastest = 0.08;  // tray widths a frame
constexpr double kUnit = 0.1;                       // of commands and positions, tray widths
constexpr double kJam = 0.015;                      // overlap at which the gripper stops rather than press on
constexpr double kLowered = 0.5;                    // below this lift the gripper touches blocks
constexpr int kWarmUp = 4;                          // frames before the first: scenes begin in motion

constexpr Colour kColours[] = {{226, 62, 58},  {250, 196, 48},  {72, 176, 92}, {64, 124, 226},
                               {160, 92, 204}, {244, 136, 176}, {56, 190, 196}};

// Numbers that do not depend on the standard library's distributions.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  bool chance(double probability) { return uniform(0, 1) < probability; }
  size_t index(size_t count) {
    return std::min(count - 1, static_cast<size_t>(uniform(0, static_cast<double>(count))));
  }
  // Roughly normal, never beyond 3 deviations.
  double wobble(double deviation) {
    return deviation * 2 * (uniform(-1, 1) + uniform(-1, 1) + uniform(-1, 1)) / 2;
  }

 private:
  std::mt19937_64 engine_;
};

Vec within_reach(Vec position) {
  return {std::clamp(position.x, kReach, 1 - kReach), std::clamp(position.y, kReach, 1 - kReach)};
}

Body random_block(Dice& dice) {
  const Vec position = {dice.uniform(0.14, 0.86), dice.uniform(0.14, 0.86)};
  if (dice.chance(0.35)) return make_disc(position, dice.uniform(0.075, 0.1));
  const Vec half = {dice.uniform(0.07, 0.105), dice.uniform(0.07, 0.105)};
  return make_box(position, dice.uniform(0, M_PI), half, 0.018);
}

bool is_free(const World& world, const Body& body) {
  return std::none_of(world.blocks.begin(), world.blocks.end(),
                      [&](const Body& block) { return overlap(block, body) > 0; });
}

// The gripper in a free place, blocks apart from each other and from it, as many as find room.
World random_world(Dice& dice, int64_t blocks) {
  constexpr int kTries = 200;
  World world;
  world.gripper.position = {dice.uniform(kReach, 1 - kReach), dice.uniform(kReach, 1 - kReach)};
  world.gripper.radius = kGripperRadius;
  for (int i = 0; i < kTries && static_cast<int64_t>(world.blocks.size()) < blocks; ++i) {
    const Body block = random_block(dice);
    if (is_free(world, block) && overlap(block, world.gripper) == 0) world.blocks.push_back(block);
  }
  return world;
}

std::vector<Colour> random_colours(Dice& dice, size_t count) {
  std::vector<Colour> left(std::begin(kColours), std::end(kColours)), chosen;
  while (chosen.size() < count) {
    if (left.empty()) left.assign(std::begin(kColours), std::end(kColours));
    const size_t i = dice.index(left.size());
    chosen.push_back(left[i]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return chosen;
}

struct Command {
  Vec go;
  double lift = 0, turn = 0;
};

// Goes for one point after the other, mostly through a block, smoothly and with some trembling; now and
// then lifted.
class Robot {
 public:
  Robot(Dice& dice, const World& world) : dice_(dice) { choose_target(world); }

  Command command(const World& world, double lift) {
    Vec left = target_ - world.gripper.position;
    if (length(left) < 0.05 || --patience_ <= 0) {
      choose_target(world);
      left = target_ - world.gripper.position;
    }
    const double distance = length(left);
    const Vec wanted = left * (std::min(speed_, distance) / std::max(distance, 1e-9));
    velocity_ = velocity_ + (wanted - velocity_) * 0.8 + Vec{dice_.wobble(0.003), dice_.wobble(0.003)};
    turn_ = 0.7 * turn_ + dice_.wobble(0.12);
    return {within_reach(world.gripper.position + velocity_) - world.gripper.position,
            lift_command(world, lift), turn_};
  }

  // The command could not be carried out: try elsewhere.
  void give_up(const World& world) {
    velocity_ = {};
    choose_target(world);
  }

 private:
  void choose_target(const World& world) {
    const bool push = !world.blocks.empty() && dice_.chance(0.8);
    Vec point = {dice_.uniform(kReach, 1 - kReach), dice_.uniform(kReach, 1 - kReach)};
    if (push) {
      const Vec block = world.blocks[dice_.index(world.blocks.size())].position;
      const Vec towards = block - world.gripper.position;
      point = block + towards * (dice_.uniform(0.15, 0.35) / std::max(length(towards), 1e-9));
    }
    target_ = within_reach(point);
    speed_ = dice_.uniform(kSlowest, kFastest);
    patience_ = 2 + static_cast<int>(dice_.index(4));
    lifted_ = dice_.chance(0.2);
  }

  // Comes down only where there is room.
  double lift_command(const World& world, double lift) const {
    const bool stay_up = lifted_ || (lift > 0 && !is_free(world, world.gripper));
    return std::clamp((stay_up ? 1.0 : 0.0) - lift, -0.34, 0.34);
  }

  Dice& dice_;
  Vec target_, velocity_;
  double speed_ = 0;
  double turn_ = 0;
  int patience_ = 0;
  bool lifted_ = false;
};

class Scene {
 public:
  Scene(uint64_t seed, int64_t blocks)
      : dice_(seed), world_(random_world(dice_, blocks)), robot_(dice_, world_) {
    look_.colours = random_colours(dice_, world_.blocks.size());
    look_.wrist = dice_.uniform(0, M_PI);
    for (int i = 0; i < kWarmUp; ++i) advance();
  }

  const World& world() const { return world_; }
  const Look& look() const { return look_; }

  // What is decided from here on follows another seed.
  void fork(uint64_t seed) { dice_ = Dice(seed); }

  // Moves on by one frame; the command that did it.
  std::array<float, 4> advance() {
    Command command = robot_.command(world_, look_.lift);
    const double lift = look_.lift + command.lift;
    carry_out(command, std::min(lift, look_.lift) < kLowered);
    look_.lift = lift;
    look_.wrist += command.turn;
    return {static_cast<float>(command.go.x / kUnit), static_cast<float>(command.go.y / kUnit),
            static_cast<float>(command.lift), static_cast<float>(command.turn)};
  }

 private:
  // The whole way, or as much of it as does not press a block into a wall.
  void carry_out(Command& command, bool lowered) {
    const Vec whole = command.go;
    for (const double share : {1.0, 0.5, 0.25, 0.0}) {
      command.go = whole * share;
      World tried = world_;
      if (tried.step(command.go, lowered) > kJam && share > 0) continue;
      world_ = std::move(tried);
      if (share < 1) robot_.give_up(world_);
      return;
    }
  }

  Dice dice_;
  World world_;
  Robot robot_;
  Look look_;
};

}  // namespace
}  // namespace toy

ToyRecording record_toy_scene(uint64_t seed, const ToySceneOptions& options) {
  const toy::Painter painter(options.size);
  toy::Scene scene(seed, options.blocks);
  ToyRecording recording{.colours = scene.look().colours};
  for (int64_t t = 0; t < options.length; ++t) {
    const toy::Vec at = scene.world().gripper.position;
    recording.frames.push_back(painter.paint(scene.world(), scene.look()));
    recording.positions.push_back({static_cast<float>((at.x - 0.5) / toy::kUnit),
                                   static_cast<float>((at.y - 0.5) / toy::kUnit),
                                   static_cast<float>(scene.look().lift)});
    if (t == options.fork) scene.fork(options.fork_seed);
    recording.actions.push_back(scene.advance());
  }
  return recording;
}

}  // namespace savp
