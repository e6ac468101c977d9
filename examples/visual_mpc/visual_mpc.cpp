// visual_mpc --checkpoint RUN: a robot arm pushes a block to a goal, planning by nothing but a learned model.
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "cli/run.h"
#include "core/limits.h"
#include "episode.h"
#include "evaluation/intervals.h"
#include "io/gif.h"

namespace savp {
namespace {

struct VisualMpcOptions {
  using Self = VisualMpcOptions;
  static constexpr const char* kAbout =
      "pushes blocks of the toy world to goals: each command is the first of the best plan found by the "
      "cross-entropy method in a learned model, which is told the outcome; beside it the same planner in the "
      "world itself, and commands by chance";
  static constexpr const char* kExample = "visual_mpc --checkpoint pretrained_models/toy/ours_vae_action";
  HPARAM_GROUP(what, "What");
  HPARAM(std::string, checkpoint, "", "run or checkpoint, trained on savp_preprocess toy with use_state=true",
         Required{"RUN"});
  HPARAM(int64_t, tasks, 50, "tasks", (Between{1, 10000}));
  HPARAM(int64_t, commands, 15, "commands given in a task at most", (Between{1, 1000}));
  HPARAM(std::string, gif, "", "file for an episode, with what the model expected beside it",
         Metavar{"FILE"});
  HPARAM(int64_t, gif_task, 0, "number of the task that --gif shows", AtLeast{0});
  HPARAM_GROUP(planning, "Planning");
  HPARAM(int64_t, candidates, 64, "plans drawn at a time", (Between{2, 10000}));
  HPARAM(int64_t, horizon, 8, "commands of a plan", (Between{1, limits::kFrames}));
  HPARAM(int64_t, elites, 8, "plans of those drawn around which the next are drawn", (Between{1, 10000}));
  HPARAM(int64_t, rounds, 3, "times that plans are drawn for a command", (Between{1, 1000}));
  HPARAM(int64_t, seed, 0, "of tasks and draws", AtLeast{0});
  HPARAM_GROUP(machine, "Machine");
  HPARAM(std::string, device, "auto", "auto, cpu, cuda or cuda:1", Metavar{"DEVICE"});
};

// By the number of the task.
using MakePilot = std::function<std::unique_ptr<Pilot>(const Task&, uint64_t)>;

uint64_t number_of(const VisualMpcOptions& o, int64_t task) {
  return static_cast<uint64_t>(o.seed * o.tasks + task);
}

void try_tasks(const char* name, const MakePilot& make, const VisualMpcOptions& o, int64_t shown,
               bool plans) {
  std::vector<double> reached;
  double left = 0, seconds = 0;
  int64_t commands = 0;
  for (int64_t i = 0; i < o.tasks; ++i) {
    const auto number = number_of(o, i);
    const auto task = make_task(number);
    const auto episode = run_episode(task, *make(task, number), {.commands = o.commands, .shown = shown});
    reached.push_back(episode.reached ? 1 : 0);
    left += episode.away / static_cast<double>(o.tasks);
    seconds += episode.seconds;
    commands += episode.commands;
  }
  const auto share = mean_interval(reached);
  std::printf("%-12s %8.0f%% [%3.0f, %3.0f] %14.2f", name, 100 * share.value,
              100 * share.low.value_or(share.value), 100 * share.high.value_or(share.value), left);
  if (plans) std::printf(" %16.1f", static_cast<double>(commands * o.rounds) / seconds);
  std::printf("\n");
  std::fflush(stdout);
}

void draw_episode(const MakePilot& make, const VisualMpcOptions& o, int64_t shown) {
  const auto task = make_task(number_of(o, o.gif_task));
  const auto pilot = make(task, number_of(o, o.gif_task));
  write_gif(o.gif,
            run_episode(task, *pilot, {.commands = o.commands, .shown = shown, .pictures = true}).pictures,
            2);
}

void drive(const VisualMpcOptions& o) {
  const auto model = Predictor::open(o.checkpoint, {.device = o.device});
  const PlannerOptions planning = {o.candidates, o.horizon, o.elites, o.rounds};
  const MakePilot by_model = [&](const Task& task, uint64_t seed) {
    return model_pilot(model, task, planning, seed);
  };
  if (!o.gif.empty()) draw_episode(by_model, o, model.context_frames());
  std::printf("%-12s %20s %14s %16s\n", "driven by", "block at the goal", "pixels away", "plans a second");
  const auto row = [&](const char* name, const MakePilot& make, bool plans = true) {
    try_tasks(name, make, o, model.context_frames(), plans);
  };
  row("model", by_model);
  row("simulator", [&](const Task& task, uint64_t seed) { return simulator_pilot(task, planning, seed); });
  row(
      "chance", [](const Task&, uint64_t seed) { return random_pilot(seed); }, /*plans=*/false);
}

}  // namespace
}  // namespace savp

int main(int argc, char** argv) { return savp::cli::run<savp::VisualMpcOptions>(argc, argv, savp::drive); }
