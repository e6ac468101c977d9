#include "training/train_loop.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <cmath>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "training/metrics_log.h"
#include "training/progress.h"

namespace savp {
namespace {

using Values = std::vector<std::pair<std::string, double>>;

// The values of 0-dim tensors, read from the device all at once; undefined ones are left out.
Values fetch(const Scalars& scalars) {
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : scalars) {
    if (!tensor.defined()) continue;
    names.push_back(name);
    tensors.push_back(tensor.detach().to(at::kDouble));
  }
  Values values;
  if (tensors.empty()) return values;
  const auto fetched = at::stack(tensors).cpu();
  for (size_t i = 0; i < names.size(); ++i)
    values.emplace_back(names[i], fetched.const_data_ptr<double>()[i]);
  return values;
}

// The losses that a step reports, sums before their terms, and what varied with the step.
Scalars scalars_of(const StepReport& report) {
  Scalars all = {{"d_loss", report.d_loss}, {"g_loss", report.g_loss}};
  all.insert(all.end(), report.d_losses.begin(), report.d_losses.end());
  all.insert(all.end(), report.g_losses.begin(), report.g_losses.end());
  all.emplace_back("learning_rate", report.learning_rate);
  all.emplace_back("kl_weight", report.kl_weight);
  return all;
}

// Whether every number of every variable is finite.
bool all_finite(const NamedTensors& variables) {
  std::vector<Tensor> finite;
  for (const auto& [name, variable] : variables)
    if (variable.is_floating_point()) finite.push_back(at::isfinite(variable.detach()).all());
  return finite.empty() || at::stack(finite).all().item<bool>();
}

}  // namespace

struct TrainLoop::Body {
  Trainer& trainer;
  Stream<Batch>& batches;
  TrainLoopOptions options;
  int64_t max_steps = trainer.hparams().max_steps;
  MetricsLog metrics{options.output_dir / "metrics.jsonl", trainer.global_step()};
  Progress progress{trainer.global_step(), max_steps, ::isatty(STDERR_FILENO) == 1};

  int64_t saved_step = -1;

  bool due(int64_t step, int64_t frequency) const {
    return frequency > 0 && (step % frequency == 0 || step == max_steps);
  }

  std::string last_good() const {
    const auto saved = saved_steps(options.output_dir);
    return saved.empty() ? "no checkpoint was saved before"
                         : concat("the last good checkpoint is ", saved.back().file.string());
  }

  [[noreturn]] void diverged(const std::string& what) const {
    throw DivergedError(concat("training diverged at step ", trainer.global_step(), ": ", what, "; ",
                               last_good(), " (try a smaller lr)"));
  }

  void step() {
    const bool report_due = due(trainer.global_step() + 1, options.progress_freq);
    const auto report = trainer.step(*batches.next(), {.report = report_due});
    const auto step = trainer.global_step();
    progress.advance(step);
    if (report_due) show(report);
    if (options.validate && due(step, options.validation_freq)) validate();
    if (due(step, options.save_freq)) save();
  }

  void show(const StepReport& report) {
    const auto step = trainer.global_step();
    const auto values = fetch(scalars_of(report));
    progress.advance(step);  // fetching has waited for the device
    Json line = {
        {"step", step}, {"it_per_s", progress.steps_per_second()}, {"wall_time_s", progress.seconds()}};
    for (const auto& [name, value] : values) line[name] = value;
    progress.report(step, values);
    for (const auto& [name, value] : values)
      if (!std::isfinite(value)) diverged(concat(name, " is ", value));
    metrics.write(line);
  }

  void validate() {
    Json line = {{"step", trainer.global_step()}};
    std::string text = "validation ";
    for (const auto& [name, value] : options.validate()) {
      line["val_" + name] = value;
      text += concat(" ", name, " ", value);
    }
    metrics.write(line);
    progress.say(text);
  }

  // Returns the file. A checkpoint with numbers that are not finite is never written.
  std::filesystem::path save() {
    const auto step = trainer.global_step();
    if (step == saved_step) return checkpoint_file(options.output_dir, step);
    const auto variables = trainer.state();
    if (!all_finite(variables)) diverged("weights are not finite");
    saved_step = step;
    auto metadata = options.metadata;
    if (options.data_position) metadata[metadata_keys::kDataPosition] = options.data_position();
    return save_checkpoint(options.output_dir, step, variables, metadata, options.retention);
  }

  void stop() {
    const auto file = save();
    throw InterruptedError(concat("stopped after step ", trainer.global_step(), "; ", file.string(),
                                  " is saved: --resume goes on from there"));
  }
};

TrainLoop::TrainLoop(Trainer& trainer, Stream<Batch>& batches, TrainLoopOptions options)
    : body_(new Body{.trainer = trainer, .batches = batches, .options = std::move(options)}) {}
TrainLoop::~TrainLoop() = default;

void TrainLoop::run() {
  while (body_->trainer.global_step() < body_->max_steps) {
    body_->step();
    if (interrupted()) body_->stop();
  }
}

}  // namespace savp
