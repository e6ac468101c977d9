#include "planners.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/text.h"
#include "making/toy_sight.h"
#include "savp/error.h"

namespace savp {
namespace {

constexpr size_t kActions = std::tuple_size_v<Action>, kStates = 3;
constexpr double kLeastShown = 0.25;  // of a block, to say where it is
constexpr double kLastCounts = 2;     // as much as so many means over a plan's frames

// Of a plan that brings the block to these places, pixels.
double cost_of(const std::vector<Place>& places, const Place& goal) {
  double sum = 0;
  for (const auto& place : places) sum += pixels_apart(place, goal);
  return sum / static_cast<double>(places.size()) + kLastCounts * pixels_apart(places.back(), goal);
}

class RandomPilot : public Pilot {
 public:
  explicit RandomPilot(uint64_t seed) : engine_(seed) {}
  void see(const Action& /*action*/, const ToyWorld& /*world*/) override {}
  Action next() override {
    if (left_-- <= 0) {
      left_ = 2 + static_cast<int>(engine_() % 3);
      const double angle = 2 * M_PI * static_cast<double>(engine_() >> 11) * 0x1p-53;
      action_ = {static_cast<float>(kFarthestGo * std::cos(angle)),
                 static_cast<float>(kFarthestGo * std::sin(angle)), 0, 0};
    }
    return action_;
  }

 private:
  std::mt19937_64 engine_;
  Action action_ = {};
  int left_ = 0;  // frames in this direction
};

class SimulatorPilot : public Pilot {
 public:
  SimulatorPilot(const Task& task, const PlannerOptions& options, uint64_t seed)
      : block_(task.block), goal_(task.goal), world_(task.world), planner_(options, seed) {}

  void see(const Action& /*action*/, const ToyWorld& world) override { world_ = world; }
  Action next() override {
    return planner_.plan([this](const std::vector<Plan>& plans) { return costs(plans); }).front();
  }

 private:
  std::vector<double> costs(const std::vector<Plan>& plans) const {
    std::vector<double> all;
    for (const auto& plan : plans) {
      ToyWorld future = world_;
      std::vector<Place> places;
      for (const auto& action : plan) {
        future.act(action);
        places.push_back(future.block(block_));
      }
      all.push_back(cost_of(places, goal_));
    }
    return all;
  }

  int64_t block_;
  Place goal_;
  ToyWorld world_;
  CemPlanner planner_;
};

// Where a distribution over pixels is in the mean, whatever its sum.
Place middle_of(const float* pixels, int64_t side) {
  double sum = 0, x = 0, y = 0;
  for (int64_t i = 0; i < side * side; ++i) {
    sum += pixels[i];
    x += pixels[i] * (static_cast<double>(i % side) + 0.5);
    y += pixels[i] * (static_cast<double>(i / side) + 0.5);
  }
  const double unit = std::max(sum, 1e-9) * static_cast<double>(side);
  return {x / unit, y / unit};
}

class ModelPilot : public Pilot {
 public:
  ModelPilot(const Predictor& model, const Task& task, const PlannerOptions& options, uint64_t seed)
      : model_(model), task_(task), horizon_(options.horizon), seed_(seed), planner_(options, seed) {
    const auto& size = model.sizes();
    SAVP_CHECK(size.actions == kActions && (size.states == 0 || size.states == kStates) &&
                   size.height == size.width && size.channels == 3,
               UsageError,
               "the model is of another world: train it on savp_preprocess toy with use_state=true");
  }

  void see(const Action& action, const ToyWorld& world) override {
    const auto picture = world.picture(side());
    const auto position = position_ = world.position();
    colours_ = world.colours();
    look_for_block(picture);
    if (scene_) {
      scene_->observe(view(picture.pixels, 1), {.actions = {action.data(), 1, kActions},
                                                .states = {position.data(), 1, kStates},
                                                .pixels = {block_.data(), 1}});
      return;
    }
    frames_.insert(frames_.end(), picture.pixels.begin(), picture.pixels.end());
    if (!positions_.empty()) actions_.insert(actions_.end(), action.begin(), action.end());
    positions_.insert(positions_.end(), position.begin(), position.end());
    pixels_.insert(pixels_.end(), block_.begin(), block_.end());
    const auto seen = static_cast<int64_t>(positions_.size() / kStates);
    if (seen == model_.context_frames())
      scene_ = model_.start(
          view(frames_, seen),
          {.actions = {actions_, kActions}, .states = {positions_, kStates}, .pixels = {pixels_.data(), 1}});
  }

  Action next() override {
    plan_ = planner_.plan([this](const std::vector<Plan>& plans) { return costs(plans); });
    return plan_.front();
  }

  std::vector<Picture> expected() const override {
    const auto futures = imagine({plan_});
    std::vector<Picture> pictures;
    const auto bytes = futures.frames.bytes(0);
    const auto values = side() * side() * 3;
    for (int64_t t = 0; t < horizon_; ++t)
      pictures.push_back({side(), side(), 3, {bytes.begin() + t * values, bytes.begin() + (t + 1) * values}});
    return pictures;
  }

 private:
  int64_t side() const { return model_.sizes().height; }
  size_t thing() const { return static_cast<size_t>(task_.block) + 1; }
  VideoView view(const std::vector<uint8_t>& frames, int64_t count) const {
    return {frames.data(), {count, side(), side(), 3}};
  }

  // A block that the arm hides is taken to be where it was seen last, at first all over the picture.
  void look_for_block(const Picture& picture) {
    std::vector<float> floats;
    for (const auto byte : picture.pixels) floats.push_back(static_cast<float>(byte) / 255.0F);
    auto found = pixels_of({floats.data(), side(), side()}, colours_, thing());
    if (!found.empty()) block_ = std::move(found);
    const auto pixels = static_cast<size_t>(side() * side());
    if (block_.empty()) block_.assign(pixels, 1.0F / static_cast<float>(pixels));
  }

  Futures imagine(const std::vector<Plan>& plans) const {
    std::vector<float> actions;
    for (const auto& plan : plans)
      for (const auto& action : within_reach(plan, position_))
        actions.insert(actions.end(), action.begin(), action.end());
    return scene_->imagine({.actions = {actions, kActions}, .length = horizon_, .seed = seed_});
  }

  std::vector<double> costs(const std::vector<Plan>& plans) const {
    const auto futures = imagine(plans);
    const auto start = middle_of(block_.data(), side());
    std::vector<double> all;
    const float *pixels = futures.pixels.data(), *frame = futures.frames.pixels.data();
    for (size_t i = 0; i < plans.size(); ++i) {
      std::vector<Place> places;
      for (int64_t t = 0; t < horizon_; ++t, pixels += side() * side(), frame += side() * side() * 3)
        places.push_back(place_in(frame, pixels, places.empty() ? start : places.back()));
      all.push_back(cost_of(places, task_.goal));
    }
    return all;
  }

  // Where an imagined frame shows the block: where its pixels are thought to have come to, of those that have
  // its colour. One that the arm hides stays where it was: models let what is hidden go along with the arm.
  Place place_in(const float* frame, const float* pixels, const Place& before) const {
    auto shown = pixels_of({frame, side(), side()}, colours_, thing());
    double share = 0;
    for (size_t i = 0; i < shown.size(); ++i) share += shown[i] = shown[i] > 0 ? pixels[i] : 0;
    return share < kLeastShown ? before : middle_of(shown.data(), side());
  }

  Predictor model_;
  Task task_;
  int64_t horizon_;
  uint64_t seed_;
  CemPlanner planner_;
  mutable std::optional<PredictorScene> scene_;  // imagining leaves it where it is
  Plan plan_;
  std::array<float, 3> position_ = {};               // of the arm
  std::vector<std::array<int, 3>> colours_;          // of all blocks
  std::vector<float> block_;                         // where it was seen last
  std::vector<uint8_t> frames_;                      // until there are enough
  std::vector<float> actions_, positions_, pixels_;  // with them
};

}  // namespace

Plan within_reach(Plan plan, const std::array<float, 3>& position) {
  auto [x, y, lift] = position;
  for (auto& action : plan)
    for (const auto& [axis, at] : {std::pair(0, &x), std::pair(1, &y)}) {
      action[axis] = std::clamp(*at + action[axis], -ToyWorld::kReach, ToyWorld::kReach) - *at;
      *at += action[axis];
    }
  return plan;
}

std::unique_ptr<Pilot> random_pilot(uint64_t seed) { return std::make_unique<RandomPilot>(seed); }

std::unique_ptr<Pilot> simulator_pilot(const Task& task, const PlannerOptions& options, uint64_t seed) {
  return std::make_unique<SimulatorPilot>(task, options, seed);
}

std::unique_ptr<Pilot> model_pilot(const Predictor& model, const Task& task, const PlannerOptions& options,
                                   uint64_t seed) {
  return std::make_unique<ModelPilot>(model, task, options, seed);
}

}  // namespace savp
