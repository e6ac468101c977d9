#include <gtest/gtest.h>

#include <cmath>

#include "visual_mpc/cem_planner.h"
#include "visual_mpc/episode.h"
#include "visual_mpc/planners.h"
#include "visual_mpc/task.h"

namespace savp {
namespace {

TEST(CemPlanner, FindsPlansThatCostLittle) {
  CemPlanner planner({.candidates = 64, .horizon = 8, .elites = 8, .rounds = 6}, 3);
  const auto plan = planner.plan([](const std::vector<Plan>& plans) {
    std::vector<double> costs;
    for (const auto& p : plans) {
      double x = 0, y = 0;
      for (const auto& go : p) x += go[0], y += go[1];
      costs.push_back(std::hypot(x - 3, y + 2));
    }
    return costs;
  });
  double x = 0, y = 0;
  for (const auto& go : plan) {
    EXPECT_LE(std::hypot(go[0], go[1]), kFarthestGo + 1e-6);
    x += go[0], y += go[1];
  }
  EXPECT_NEAR(x, 3, 0.2);
  EXPECT_NEAR(y, -2, 0.2);
}

TEST(CemPlanner, BeginsWithTheRestOfThePlanBefore) {
  CemPlanner planner({.candidates = 2, .horizon = 3, .elites = 1, .rounds = 1}, 3);
  const auto second_is_best = [](const std::vector<Plan>&) { return std::vector<double>{1, 0}; };
  const auto before = planner.plan(second_is_best);
  std::vector<Plan> drawn;
  planner.plan([&](const std::vector<Plan>& plans) {
    drawn = plans;
    return std::vector<double>{0, 1};
  });
  EXPECT_EQ(drawn[0], (Plan{before[1], before[2], Action{}}));
}

TEST(WithinReach, StopsWhereTheArmDoes) {
  const auto plan = within_reach({{3, 0, 0.5, 1}, {3, -9, 0, 0}, {-1, 1, 0, 0}}, {2, 0, 0});
  const auto reach = ToyWorld::kReach;
  EXPECT_NEAR(plan[0][0], reach - 2, 1e-6);
  EXPECT_NEAR(plan[1][0], 0, 1e-6);
  EXPECT_NEAR(plan[1][1], -reach, 1e-6);
  EXPECT_EQ(plan[2], (Action{-1, 1, 0, 0}));  // away from the edge
  EXPECT_EQ(plan[0][2], 0.5F);
  EXPECT_EQ(plan[0][3], 1);
}

TEST(WithinReach, IsWhereTheWorldPutsTheArm) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    ToyWorld world(seed, /*blocks=*/0);
    const Plan wish(8, Action{0.9F, -0.4F, 0, 0});
    auto [x, y, lift] = world.position();
    for (const auto& go : within_reach(wish, world.position())) x += go[0], y += go[1];
    for (const auto& go : wish) world.act(go);
    EXPECT_NEAR(world.position()[0], x, 1e-4) << seed;
    EXPECT_NEAR(world.position()[1], y, 1e-4) << seed;
  }
}

TEST(Tasks, AreTheSameByNumberAndCanBeReached) {
  int reached = 0, by_chance = 0;
  for (uint64_t number = 0; number < 6; ++number) {
    const auto task = make_task(number), again = make_task(number);
    EXPECT_EQ(task.goal, again.goal);
    EXPECT_EQ(task.world.picture(32).pixels, again.world.picture(32).pixels);
    const auto way = pixels_apart(task.world.block(task.block), task.goal);
    EXPECT_GE(way, 6);
    EXPECT_LE(way, 16);
    reached += run_episode(task, *simulator_pilot(task, {}, number), {}).reached ? 1 : 0;
    by_chance += run_episode(task, *random_pilot(number), {}).reached ? 1 : 0;
  }
  EXPECT_GE(reached, 4);
  EXPECT_LT(by_chance, reached);
}

}  // namespace
}  // namespace savp
