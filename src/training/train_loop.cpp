#include "training/train_loop.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <optional>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "core/device.h"
#include "core/log.h"
#include "core/progress.h"
#include "training/health.h"
#include "training/scalars.h"
#include "training/vital_signs.h"

namespace savp {
namespace {

constexpr int64_t kWarningInterval = 100;    // steps: bad ones may come again and again
constexpr int64_t kReportsAHealthLine = 10;  // the first of so many reports has one
const std::map<std::string, const char*> kVitalSigns = {{"d_balance", "discriminators undecided"},
                                                        {"gen_kl_loss", "KL"},
                                                        {"g_grad_norm", "gradient norm"},
                                                        {"d_grad_norm", "discriminators'"}};

// The losses that a step reports, how the training does, and what varied with the step.
Scalars scalars_of(Trainer& trainer, const StepReport& report) {
  auto all = losses_of(report);
  for (auto& sign : vital_signs(trainer, report)) all.push_back(std::move(sign));
  all.emplace_back("learning_rate", report.learning_rate);
  all.emplace_back("kl_weight", report.kl_weight);
  return all;
}

StepOptions both(const StepOptions& a, const StepOptions& b) {
  return {.report = a.report || b.report, .outputs = a.outputs || b.outputs};
}

// Whether every number of every variable is finite.
bool all_finite(const NamedTensors& variables) {
  std::vector<Tensor> finite;
  for (const auto& [name, variable] : variables)
    if (variable.is_floating_point()) finite.push_back(at::isfinite(variable.detach()).all());
  return finite.empty() || at::stack(finite).all().item<bool>();
}

// What the user can do after a process was lost.
std::string last_checkpoint(const std::filesystem::path& folder) {
  const auto saved = saved_steps(folder);
  return saved.empty()
             ? "no checkpoint was saved before"
             : saved.back().file.string() + " is the last checkpoint: --resume continues from there";
}

}  // namespace

struct TrainLoop::Body {
  Trainer& trainer;
  Stream<Batch>& batches;
  TrainLoopOptions options;
  int64_t max_steps, first_step, reports = 0, saved_step = -1, warned_step = -kWarningInterval;
  Progress progress;
  Sinks sinks;
  Health health;
  bool save_postponed = false;
  std::vector<Periodic> rows;

  Body(Trainer& of, Stream<Batch>& from, TrainLoopOptions how)
      : trainer(of),
        batches(from),
        options(std::move(how)),
        max_steps(trainer.hparams().max_steps),
        first_step(trainer.global_step()),
        progress(first_step, max_steps, ::isatty(STDERR_FILENO) == 1),
        health(trainer, options.max_bad_steps) {
    for (const auto& make : options.sinks)
      sinks.add(make({options.output_dir, first_step, progress, options.texts}));
    rows = {{"progress", 1, [this](const Moment& now) { progress.advance(now.step); }},
            {"losses", options.progress_freq, [this](const Moment& now) { report(now); }, {.report = true}},
            {"health", health.interval(), [this](const Moment&) { check_health(); }}};
    rows.insert(rows.end(), options.more.begin(), options.more.end());
    rows.push_back({"save", options.save_freq, [this](const Moment&) { save_if_good(); }});
    rows.push_back({"postponed save", 1, [this](const Moment&) {
                      if (save_postponed && !health.in_doubt()) save_if_good();
                    }});
    rows.insert(rows.end(), options.after_saving.begin(), options.after_saving.end());
  }

  bool due(const Periodic& row, int64_t step) const {
    return row.frequency > 0 && (step % row.frequency == 0 || step == max_steps);
  }

  void step() {
    const auto step = trainer.global_step() + 1;
    StepOptions wanted;
    for (const auto& row : rows)
      if (due(row, step)) wanted = both(wanted, row.wants);
    const auto batch = next_batch();
    const auto report = trainer.step(batch, wanted);
    health.note(report);
    for (const auto& row : rows)
      if (due(row, step)) row.act({step, report, batch, sinks});
  }

  // A run that continues has it from its beginning.
  void start() {
    if (first_step > 0) return;
    const StepReport report;
    const Batch batch;
    for (const auto& row : rows)
      if (row.at_start && row.frequency > 0) row.act({0, report, batch, sinks});
  }

  // What went wrong with the data is no reason to lose what was learnt.
  Batch next_batch() {
    try {
      auto batch = batches.next();
      SAVP_CHECK(batch.has_value(), DataError, "the data ended before training did");
      return *std::move(batch);
    } catch (const Error& error) {
      if (trainer.global_step() == first_step) throw;
      const auto told = saved();
      if (told.empty()) throw;  // as what it is
      throw Error(error.code(), error.what() + told);
    }
  }

  void report(const Moment& now) {
    auto values = fetch(scalars_of(trainer, now.report));
    progress.advance(now.step);  // fetching has waited for the device
    check_health();
    values.emplace_back("it_per_s", progress.steps_per_second());
    values.emplace_back("wall_time_s", progress.seconds());
    values.emplace_back(kSkippedSteps, health.losses().skipped_steps());
    sinks.scalars(now.step, kTraining, values);
    if (reports++ % kReportsAHealthLine == 0 || now.step == max_steps)
      progress.list("health", health_texts(now, values));
  }

  // For people who watch: what the losses alone do not tell.
  std::vector<std::string> health_texts(const Moment& now, const Values& values) const {
    std::vector<std::string> texts;
    for (const auto& [name, value] : values)
      if (const auto shown = kVitalSigns.find(name); shown != kVitalSigns.end())
        texts.push_back(concat(shown->second, " ", short_number(value)));
    const auto frames = now.batch.images.defined() ? now.batch.images.size(0) * now.batch.images.size(1) : 0;
    texts.push_back(
        concat("skipped ", health.losses().skipped_steps(), " of ", counted(now.step - first_step, "step")));
    texts.push_back(
        concat(short_number(progress.steps_per_second() * static_cast<double>(frames)), " frames/s"));
    texts.push_back(concat(short_number(peak_mebibytes(at::kCPU)), " MiB"));
    if (const auto device = now.batch.images.device(); !device.is_cpu())
      texts.push_back(concat(short_number(peak_mebibytes(device)), " MiB on the GPU"));
    return texts;
  }

  void check_health(bool weights = false) {
    if (const auto wrong = health.look(weights); !wrong.empty()) diverged(wrong);
    const auto step = trainer.global_step();
    if (!health.in_doubt() || step < warned_step + kWarningInterval) return;
    progress.warn(concat("step ", step, ": ", health.losses().complaint()));
    sinks.note(step, health.losses().complaint());
    warned_step = step;
  }

  // The newest whose weights a later step has shown to be good.
  std::optional<SavedStep> last_good() const {
    std::optional<SavedStep> good;
    for (const auto& saved : saved_steps(options.output_dir))
      if (saved.step < health.losses().good_step()) good = saved;
    return good;
  }

  [[noreturn]] void diverged(const std::string& what) {
    sinks.note(trainer.global_step(), concat("training diverged: ", what));
    const auto good = last_good();
    throw DivergedError(concat(
        "training diverged at step ", trainer.global_step(), ": ", what, "; ",
        good ? concat("the last good checkpoint is ", good->file.string()) : "no checkpoint was saved before",
        " (try a smaller lr)"));
  }

  // Bad steps may come from what the last good one did to the weights.
  void save_if_good() {
    check_health(/*weights=*/true);
    save_postponed = health.in_doubt() && trainer.global_step() < max_steps;
    if (!save_postponed) save();
  }

  // Returns the file. A checkpoint with numbers that are not finite is never written.
  std::filesystem::path save() {
    const auto step = trainer.global_step();
    if (options.output_dir.empty()) return {};
    if (step == saved_step) return checkpoint_file(options.output_dir, step);
    const auto variables = trainer.state();
    if (!all_finite(variables)) diverged("weights are not finite");
    saved_step = step;
    auto metadata = options.metadata;
    if (options.data_position) metadata[metadata_keys::kDataPosition] = options.data_position();
    auto retention = options.retention;
    if (const auto good = last_good()) retention.also = good->step;
    const auto file = save_checkpoint(options.output_dir, step, variables, metadata, retention);
    sinks.flush();
    return file;
  }

  // Saves, and says so at the end of a message; nothing where another process writes.
  std::string saved() {
    const auto file = save();
    return file.empty() ? "" : concat("; ", file.string(), " is saved: --resume continues from there");
  }

  void stop() {
    const auto asked = concat("stopped on request (", interrupt_name(), ") ");
    if (trainer.global_step() == first_step)
      throw InterruptedError(concat(asked, "before the first step: there is nothing to save"));
    check_health(/*weights=*/true);
    const auto told = saved();
    sinks.finish();
    throw InterruptedError(concat(asked, "after step ", trainer.global_step(), told));
  }
};

TrainLoop::TrainLoop(Trainer& trainer, Stream<Batch>& batches, TrainLoopOptions options)
    : body_(std::make_unique<Body>(trainer, batches, std::move(options))) {}
TrainLoop::~TrainLoop() = default;

void TrainLoop::run() {
  if (body_->trainer.global_step() < body_->max_steps) body_->start();
  while (body_->trainer.global_step() < body_->max_steps) {
    if (body_->options.asked_to_stop()) body_->stop();
    body_->step();
  }
  body_->sinks.finish();
}

void keep_nothing(TrainLoopOptions& options) {
  options.output_dir.clear();
  options.sinks.clear();
  for (auto* rows : {&options.more, &options.after_saving})
    for (auto& row : *rows) row.act = [](const Moment&) {};
}

void run_together(TrainLoop& loop, Communicator& team, const std::filesystem::path& output_dir) {
  try {
    loop.run();
    team.barrier();  // until the last checkpoint is there
  } catch (const PeerError& error) {
    throw PeerError(concat(error.what(), "; ", last_checkpoint(output_dir)));
  }
}

}  // namespace savp
