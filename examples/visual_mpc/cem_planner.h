// The cross-entropy method over sequences of commands (Rubinstein & Kroese 2004; for video prediction Finn &
// Levine 2017, Ebert et al. 2018): draws plans, keeps the best, and draws again around those.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace savp {

// Right and down, tenths of the tray's width; lift; turn of the wrist. Plans leave the last two alone.
using Action = std::array<float, 4>;
using Plan = std::vector<Action>;

// What each plan costs; less is better.
using PlanCosts = std::function<std::vector<double>(const std::vector<Plan>&)>;

struct PlannerOptions {
  int64_t candidates = 64;  // plans drawn at a time
  int64_t horizon = 8;      // commands of a plan
  int64_t elites = 8;       // plans kept of those drawn
  int64_t rounds = 3;       // of drawing
};

// The commands that a plan may have are at most `kFarthestGo` long.
inline constexpr float kFarthestGo = 0.8F;

class CemPlanner {
 public:
  CemPlanner(const PlannerOptions& options, uint64_t seed);

  // The best plan of all that were drawn. Begins with what is left of the plan before, a command later.
  Plan plan(const PlanCosts& costs);

 private:
  using Go = std::array<double, 2>;
  std::vector<Plan> draw();
  void narrow(const std::vector<Plan>& plans, const std::vector<double>& costs);

  PlannerOptions options_;
  std::mt19937_64 engine_;
  std::vector<Go> mean_, deviation_;  // of each command of a plan
};

}  // namespace savp
