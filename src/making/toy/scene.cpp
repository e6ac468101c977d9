#include <algorithm>
#include <cmath>
#include <random>

#include "making/toy/painter.h"
#include "making/toy/tray.h"
#include "making/toy_scene.h"
#include "making/toy_world.h"

namespace savp {
namespace toy {
namespace {

constexpr double kGripperRadius = 0.11;
constexpr double kSlowest = 0.05, kFastest = 0.08;  // tray widths a frame
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

Body random_block(Dice& dice) {
  const Vec position = {dice.uniform(0.14, 0.86), dice.uniform(0.14, 0.86)};
  if (dice.chance(0.35)) return make_disc(position, dice.uniform(0.075, 0.1));
  const Vec half = {dice.uniform(0.07, 0.105), dice.uniform(0.07, 0.105)};
  return make_box(position, dice.uniform(0, M_PI), half, 0.018);
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
    return std::clamp((stay_up ? 1.0 : 0.0) - lift, -kRise, kRise);
  }

  Dice& dice_;
  Vec target_, velocity_;
  double speed_ = 0;
  double turn_ = 0;
  int patience_ = 0;
  bool lifted_ = false;
};

std::array<float, 4> numbers(const Command& command) {
  return {static_cast<float>(command.go.x / kUnit), static_cast<float>(command.go.y / kUnit),
          static_cast<float>(command.lift), static_cast<float>(command.turn)};
}

std::array<float, 3> position_of(const Tray& tray) {
  const Vec at = tray.world().gripper.position;
  return {static_cast<float>((at.x - 0.5) / kUnit), static_cast<float>((at.y - 0.5) / kUnit),
          static_cast<float>(tray.look().lift)};
}

// Moves on by one frame as the robot wishes; the command that did it.
std::array<float, 4> advance(Tray& tray, Robot& robot) {
  Command command = robot.command(tray.world(), tray.look().lift);
  const double share = tray.carry_out(command);
  if (share < 1) robot.give_up(tray.world());
  command.go = command.go * share;
  return numbers(command);
}

Look random_look(Dice& dice, size_t blocks) {
  Look look{.colours = random_colours(dice, blocks)};
  look.wrist = dice.uniform(0, M_PI);
  return look;
}

class Scene {
 public:
  Scene(uint64_t seed, int64_t blocks)
      : dice_(seed), tray_(random_world(dice_, blocks), {}), robot_(dice_, tray_.world()) {
    tray_ = Tray(tray_.world(), random_look(dice_, tray_.world().blocks.size()));
    for (int i = 0; i < kWarmUp; ++i) advance();
  }

  const Tray& tray() const { return tray_; }

  // What is decided from here on follows another seed.
  void fork(uint64_t seed) { dice_ = Dice(seed); }

  std::array<float, 4> advance() { return toy::advance(tray_, robot_); }

 private:
  Dice dice_;
  Tray tray_;
  Robot robot_;
};

}  // namespace
}  // namespace toy

ToyRecording record_toy_scene(uint64_t seed, const ToySceneOptions& options) {
  const toy::Painter painter(options.size);
  toy::Scene scene(seed, options.blocks);
  ToyRecording recording{.colours = scene.tray().look().colours};
  for (int64_t t = 0; t < options.length; ++t) {
    recording.frames.push_back(painter.paint(scene.tray().world(), scene.tray().look()));
    recording.positions.push_back(toy::position_of(scene.tray()));
    if (t == options.fork) scene.fork(options.fork_seed);
    recording.actions.push_back(scene.advance());
  }
  return recording;
}

ToyWorld::ToyWorld(uint64_t seed, int64_t blocks) : tray_(toy::Scene(seed, blocks).tray()) {}

void ToyWorld::wander(uint64_t seed, int64_t frames) {
  toy::Dice dice(seed);
  toy::Robot robot(dice, tray_.world());
  for (int64_t t = 0; t < frames; ++t) toy::advance(tray_, robot);
}

std::array<float, 4> ToyWorld::act(const std::array<float, 4>& command) {
  const toy::Vec from = tray_.world().gripper.position, wish = toy::Vec{command[0], command[1]} * toy::kUnit;
  const toy::Vec go = wish * std::min(1.0, toy::kFarthest / std::max(toy::length(wish), 1e-9));
  const double lift = tray_.look().lift;
  toy::Command carried = {
      .go = toy::within_reach(from + go) - from,
      .lift = std::clamp(lift + std::clamp<double>(command[2], -toy::kRise, toy::kRise), 0.0, 1.0) - lift,
      .turn = command[3]};
  if (carried.lift < 0 && !toy::is_free(tray_.world(), tray_.world().gripper)) carried.lift = 0;
  carried.go = carried.go * tray_.carry_out(carried);
  return toy::numbers(carried);
}

std::array<float, 3> ToyWorld::position() const { return toy::position_of(tray_); }

std::array<double, 2> ToyWorld::block(int64_t number) const {
  const auto foot = tray_.world().blocks.at(static_cast<size_t>(number)).position;
  const auto top = toy::in_picture(foot, toy::kBlockHeight);
  return {top.x, top.y};
}

Picture ToyWorld::picture(int64_t size) const {
  return toy::Painter(size).paint(tray_.world(), tray_.look());
}

}  // namespace savp
