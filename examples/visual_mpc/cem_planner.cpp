#include "cem_planner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace savp {
namespace {

constexpr double kWide = 0.6, kNarrow = 0.05;  // deviations at the start, and at least
constexpr double kPersistence = 0.8;           // of the draws from one command to the next

// Roughly normal; the same everywhere, unlike the standard library's.
double normal(std::mt19937_64& engine) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(engine() >> 11) * 0x1p-53;
  return sum - 6;
}

Action command(double x, double y) {
  const double shrink = std::min(1.0, kFarthestGo / std::max(std::hypot(x, y), 1e-9));
  return {static_cast<float>(x * shrink), static_cast<float>(y * shrink), 0, 0};
}

}  // namespace

CemPlanner::CemPlanner(const PlannerOptions& options, uint64_t seed)
    : options_(options), engine_(seed), mean_(static_cast<size_t>(options.horizon)) {}

Plan CemPlanner::plan(const PlanCosts& costs) {
  deviation_.assign(mean_.size(), {kWide, kWide});
  Plan best;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t round = 0; round < options_.rounds; ++round) {
    const auto plans = draw();
    const auto found = costs(plans);
    const auto first = std::min_element(found.begin(), found.end());
    if (*first < least) {
      least = *first;
      best = plans[static_cast<size_t>(first - found.begin())];
    }
    narrow(plans, found);
  }
  for (size_t t = 0; t + 1 < best.size(); ++t) mean_[t] = {best[t + 1][0], best[t + 1][1]};
  mean_.back() = {};
  return best;
}

// The first is the mean itself.
std::vector<Plan> CemPlanner::draw() {
  const double fresh = std::sqrt(1 - kPersistence * kPersistence);
  std::vector<Plan> plans;
  for (int64_t i = 0; i < options_.candidates; ++i) {
    Plan& plan = plans.emplace_back();
    Go swerve = {normal(engine_), normal(engine_)};
    for (size_t t = 0; t < mean_.size(); ++t) {
      const double share = i == 0 ? 0 : 1;
      plan.push_back(command(mean_[t][0] + share * deviation_[t][0] * swerve[0],
                             mean_[t][1] + share * deviation_[t][1] * swerve[1]));
      for (double& part : swerve) part = kPersistence * part + fresh * normal(engine_);
    }
  }
  return plans;
}

void CemPlanner::narrow(const std::vector<Plan>& plans, const std::vector<double>& costs) {
  std::vector<size_t> order(plans.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return costs[a] < costs[b]; });
  order.resize(static_cast<size_t>(std::min(options_.elites, options_.candidates)));
  const auto count = static_cast<double>(order.size());
  for (size_t t = 0; t < mean_.size(); ++t)
    for (size_t axis = 0; axis < 2; ++axis) {
      double sum = 0, squares = 0;
      for (const size_t i : order) {
        sum += plans[i][t][axis];
        squares += std::pow(plans[i][t][axis], 2);
      }
      mean_[t][axis] = sum / count;
      deviation_[t][axis] =
          std::max(kNarrow, std::sqrt(std::max(0.0, squares / count - std::pow(sum / count, 2))));
    }
}

}  // namespace savp
