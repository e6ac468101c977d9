#include "cli/train.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "cli/dry_run.h"
#include "cli/launcher.h"
#include "cli/memory_plan.h"
#include "cli/run.h"
#include "cli/train_plan.h"
#include "core/caught.h"
#include "core/device.h"
#include "core/device_graph.h"
#include "core/instructions.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/printable.h"
#include "models/models.h"
#include "models/presets.h"
#include "opening/open_dataset.h"
#include "training/best_checkpoint.h"
#include "training/event_sink.h"
#include "training/perceptual.h"
#include "training/shared_batches.h"
#include "training/summaries.h"
#include "training/train_loop.h"
#include "training/trainer.h"
#include "training/validation.h"

namespace savp::cli {
namespace {

TrainerOptions trainer_options(const TrainPlan& plan, const TrainHparams& hparams, const at::Device& device) {
  const auto& options = plan.options;
  const bool graph = options.graph && DeviceGraph::available(device) && plan.team->size() == 1;
  if (options.graph && !graph) log::warn("--graph is ignored: only one process on a GPU records steps");
  return {.device = device,
          .seed = plan.start.seed,
          .precision = options.precision,
          .graph = graph,
          .accumulate_steps = options.accumulate_steps,
          .recompute = options.recompute,
          .communicator = plan.team,
          .vgg = load_vgg(hparams, device, options.metric_weights)};
}

std::unique_ptr<Dataset> open_dataset(const TrainPlan& plan, const std::string& input_dir,
                                      const std::string& mode) {
  return savp::open_dataset(*plan.options.dataset, input_dir, mode, plan.dataset_dicts,
                            plan.options.dataset_hparams.value_or(""), plan.options.skip_bad_records);
}

bool looks_at_validation(const TrainOptions& o) {
  return o.summary_freq > 0 || o.image_summary_freq > 0 || o.eval_summary_freq > 0 ||
         o.accum_eval_summary_freq > 0;
}

bool has_event_file(const TrainOptions& options) {
  return looks_at_validation(options) || options.histogram_freq > 0;
}

// Null where the data has no validation split.
std::unique_ptr<Dataset> open_validation(const TrainPlan& plan) {
  const auto& options = plan.options;
  if (!looks_at_validation(options)) return nullptr;
  if (options.val_input_dir) return open_dataset(plan, *options.val_input_dir, "val");
  try {
    return open_dataset(plan, options.input_dir, "val");
  } catch (const MissingSplitError& error) {
    log::warn(concat("no validation: ", error.what()));
    return nullptr;
  }
}

// Null where it is not asked for, or cannot be had.
std::unique_ptr<ValidationData> open_long_validation(const TrainPlan& plan, int64_t batch_size,
                                                     const at::Device& device) {
  if (plan.options.accum_eval_summary_freq == 0) return nullptr;
  auto data = open_validation(plan);
  return data ? read_long_validation(std::move(data), batch_size, plan.division(), device) : nullptr;
}

std::unique_ptr<ModelHparams> make_hparams(const TrainPlan& plan, const ModelEntry& entry,
                                           HparamsSources sources) {
  sources.dicts = plan.model_dicts;
  sources.texts = {plan.options.model_hparams.value_or("")};
  if (plan.options.vgg_weights) sources.flags["vgg_weights"] = *plan.options.vgg_weights;
  if (plan.batch_size) sources.flags["batch_size"] = *plan.batch_size;
  auto hparams = entry.make_hparams();
  resolve_hparams(entry.view(*hparams), sources, deprecated_hparams());
  return hparams;
}

// Unknown and impossible hyperparameters, before a video is decoded.
void check_hparams(const TrainPlan& plan, const ModelEntry& entry) {
  settle_hparams(find_dataset(*plan.options.dataset), plan.dataset_dicts,
                 {plan.options.dataset_hparams.value_or("")});
  make_hparams(plan, entry, {});
}

// What suits the data; the plan knows its name from now on.
std::pair<std::string, Json> settle_preset(TrainPlan& plan, const ModelEntry& entry, const Dataset& data) {
  const auto shape = data.shape();
  const auto choice = choose_preset(
      {data.name(), shape.actions, shape.states, data.hparams().sequence_length}, plan.options.preset);
  plan.options.preset = choice.name;
  const auto where = preset(choice.name).first;
  log::info(concat("model ", entry.name, " with ", where, ": ", choice.why));
  return {where, choice.values};
}

std::unique_ptr<ModelHparams> settle_model_hparams(TrainPlan& plan, const ModelEntry& entry,
                                                   const Dataset& data) {
  const auto& hparams = data.hparams();
  HparamsSources sources{
      .from_dataset = dictated_hparams(hparams.context_frames, hparams.sequence_length, hparams.time_shift)};
  if (plan.with_preset) sources.preset = {settle_preset(plan, entry, data)};
  return make_hparams(plan, entry, std::move(sources));
}

// A first sequence is there: that none is sound and long enough shows before anything is written.
void check_sequences(const Dataset& data, const std::string& input_dir) {
  const auto first = data.batches({.batch_size = 1, .num_epochs = 1, .threads = 0})->next();
  SAVP_CHECK(first, DataError, input_dir, ": has no sequence of ", data.hparams().sequence_length,
             " frames for ", data.mode(), ": lower sequence_length of --dataset_hparams");
}

// A run that continues from an earlier checkpoint leaves later ones behind.
void set_later_ones_aside(const TrainPlan& plan, int64_t step) {
  if (!plan.options.resume || !plan.writes) return;
  for (const auto& file : set_aside_after(*plan.options.output_dir, step))
    log::warn(concat("a checkpoint of a later step than ", step, " is now ", file.string()));
}

void tell_start(const TrainPlan& plan, Trainer& trainer, const at::Device& device) {
  const auto& hparams = trainer.hparams();
  log::info(concat(device_name(device), "; ", parameter_count(trainer.generator()),
                   " parameters in the generator; batches of ", hparams.batch_size, " x ",
                   hparams.sequence_length, " frames", plan.division().text(), "; seed ", plan.start.seed));
  log::info(concat("training from step ", trainer.global_step(), " to ", hparams.max_steps, " in ",
                   *plan.options.output_dir));
}

// What the program was called with, word by word.
std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

std::string code_block(const std::string& text) { return concat("```\n", text, "\n```"); }

std::vector<std::pair<std::string, std::string>> texts_of(const TrainPlan& plan, Dataset& data,
                                                          const HparamsView& hparams) {
  return {{"run/command_line", code_block(printable(command_line()))},
          {"run/version", code_block(versions())},
          {"run/options", code_block(to_json(plan.options).dump(2))},
          {"run/dataset_hparams", code_block(data.view().to_json().dump(2))},
          {"run/model_hparams", code_block(hparams.to_json().dump(2))}};
}

SummaryOptions summary_options(const TrainOptions& options) {
  return {.scalars = options.summary_freq,
          .images = options.image_summary_freq,
          .eval = options.eval_summary_freq,
          .accum_eval = options.accum_eval_summary_freq,
          .histograms = options.histogram_freq,
          .samples = options.eval_samples};
}

void show(const TrainPlan& plan, Dataset& data, const HparamsView& hparams, const TrainerOptions& settings,
          Trainer& trainer, Stream<Batch>& batches) {
  const auto& options = plan.options;
  dry_run({.model = *options.model + (plan.with_preset ? " with " + preset(*options.preset).first : ""),
           .data = concat(data.name(), " in ", options.input_dir),
           .output_dir = *options.output_dir,
           .shape = data.shape(),
           .options = settings,
           .dataset_hparams = data.view().to_json(),
           .model_hparams = hparams.to_json()},
          trainer, batches);
}

TrainLoopOptions loop_options(const TrainPlan& plan, const std::string& model, const VideoShape& shape) {
  const auto& options = plan.options;
  return {.output_dir = *options.output_dir,
          .progress_freq = options.progress_freq,
          .save_freq = options.save_freq,
          .max_bad_steps = options.max_bad_steps,
          .retention = {.newest = static_cast<size_t>(options.keep)},
          .metadata = {{metadata_keys::kSeed, std::to_string(plan.start.seed)},
                       {metadata_keys::kModel, model},
                       {metadata_keys::kDataset, *options.dataset},
                       {metadata_keys::kVersion, versions()},
                       shape_metadata(shape)},
          .data_position = {}};
}

}  // namespace

std::string run_name(const std::optional<std::string>& model,
                     const std::optional<std::string>& model_hparams) {
  std::string name;
  int depth = 0;  // of square brackets
  for (const char c : concat("model=", model.value_or("None"), ",", model_hparams.value_or("None"))) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == ',' && depth != 0)
      name += "..";
    else if (c == ',' || c == '=')
      name += '.';
    else if (c != '[' && c != ']')
      name += c;
  }
  return name;
}

namespace {

RunDescription describe(const TrainPlan& plan, Dataset& data, const HparamsView& hparams) {
  return {to_json(plan.options), data.view().to_json(), hparams.to_json()};
}

void train_in(const std::shared_ptr<Communicator>& team, const TrainOptions& given,
              std::optional<int64_t> batch_size_tried) {
  auto plan = settle(given, team);
  plan.batch_size = batch_size_tried;
  const auto& options = plan.options;
  const auto& entry = find_model(*options.model);
  SAVP_CHECK(entry.trainable, UsageError, "--model ", entry.name, " has nothing to learn: see --list_models");
  check_hparams(plan, entry);
  const auto data = open_dataset(plan, options.input_dir, "train");
  const auto settled = settle_model_hparams(plan, entry, *data);
  check_sequences(*data, options.input_dir);
  const auto& hparams = dynamic_cast<const TrainHparams&>(*settled);
  const auto batch_size = plan.division().of_process(hparams.batch_size);
  auto validation_data = open_validation(plan);
  SAVP_CHECK(!options.keep_best || (validation_data && options.summary_freq > 0), UsageError, "--keep_best ",
             options.keep_best.value_or(""),
             " needs validation: give --val_input_dir, and --summary_freq above 0");
  stop_if_interrupted();

  const auto device = device_named(options.device, "--device");
  limit_gpu_memory(device, options.gpu_mem_frac);
  auto validated =
      validated_metrics(options.keep_best, hparams, data->shape(), device, options.metric_weights);
  const auto settings = trainer_options(plan, hparams, device);
  Trainer trainer(entry, hparams, data->shape(), settings);
  fill(trainer, plan.start);
  const auto own_batches = data->batches({.batch_size = batch_size,
                                          .seed = plan.start.seed,
                                          .start = plan.start.position,
                                          .shard = plan.shard(),
                                          .threads = options.data_threads,
                                          .device = device});
  SharedBatches batches(*own_batches, team, interrupted);
  const auto view = entry.view(*settled);
  if (options.dry_run) return show(plan, *data, view, settings, trainer, batches);

  stop_if_interrupted();
  set_later_ones_aside(plan, trainer.global_step());
  if (plan.writes) write_description(*options.output_dir, describe(plan, *data, view));
  tell_start(plan, trainer, device);
  auto loop = loop_options(plan, entry.name, data->shape());
  loop.data_position = [&] { return batches.position(); };
  loop.asked_to_stop = [&] { return batches.stopping(); };
  loop.texts = texts_of(plan, *data, view);
  if (has_event_file(options)) loop.sinks.push_back(event_sink());
  if (options.keep_best)
    loop.sinks.push_back(
        best_checkpoint(trainer, {*options.keep_best, describe(plan, *data, view), loop.metadata}));
  const auto validation = validation_data ? read_validation(std::move(validation_data), hparams.batch_size,
                                                            plan.division(), device, options.val_batches)
                                          : nullptr;
  const auto longer = open_long_validation(plan, hparams.batch_size, device);
  Summaries summaries(
      trainer,
      has_event_file(options) ? summary_metrics(data->shape(), device, options.metric_weights) : MetricSet(),
      std::move(validated), summary_options(options), validation.get(), longer.get());
  loop.more = summaries.quick();
  loop.after_saving = summaries.thorough();
  if (!plan.writes) keep_nothing(loop);
  TrainLoop training(trainer, batches, std::move(loop));
  run_together(training, *team, *options.output_dir);
  log::info(concat("trained to step ", trainer.global_step(), "; the run is in ", *options.output_dir,
                   data->skipped_summary()));
}

// Its GPU, where several processes share those of a machine.
std::string own_device(const std::string& device, int64_t local_rank) {
  if (device == "cpu" || gpu_count() == 0) return device;
  SAVP_CHECK(device == "auto" || device == "cuda", UsageError, "--device ", device,
             " is one GPU, and there are several processes: choose --device cuda");
  return device_of_process(local_rank);
}

void train_among(const Rendezvous& rendezvous, TrainOptions options) {
  options.device = own_device(options.device, rendezvous.local_rank);
  const auto team = join(rendezvous, device_named(options.device, "--device"));
  if (team->rank() > 0) fall_silent();
  try {
    train_with_remedy(options, [&](const auto&... own) { train_in(team, own...); });
  } catch (const InterruptedError& error) {  // all are, and one has saved
    throw Error(error.code(), team->rank() == 0 ? error.what() : "");
  } catch (...) {
    const auto [code, message] = caught_error();
    throw Error(code, team->first_to(kTellOfError) ? message : "");
  }
}

int64_t processes_to_start(const TrainOptions& options) {
  if (options.processes > 0) return options.processes;
  return options.device == "auto" ? std::max<int64_t>(1, gpu_count()) : 1;
}

}  // namespace

void train(const TrainOptions& options) {
  const auto train_alone = [](const auto&... own) { train_in(alone(), own...); };
  if (options.plan_memory) return plan_memory(options, train_alone);
  const auto rendezvous = find_rendezvous([](const char* name) { return std::getenv(name); });
  if (rendezvous) return train_among(*rendezvous, options);
  if (const auto processes = processes_to_start(options); processes > 1) return launch(processes);
  train_with_remedy(options, train_alone);
}

}  // namespace savp::cli
