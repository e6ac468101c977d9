#include "cli/train.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <streambuf>

#include "checkpoints/run_dir.h"
#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "cli/dry_run.h"
#include "cli/launcher.h"
#include "cli/run.h"
#include "core/device.h"
#include "core/device_graph.h"
#include "core/instructions.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/printable.h"
#include "io/folder_lock.h"
#include "io/unfinished_files.h"
#include "models/models.h"
#include "models/presets.h"
#include "opening/open_dataset.h"
#include "training/best_checkpoint.h"
#include "training/communicator.h"
#include "training/event_sink.h"
#include "training/perceptual.h"
#include "training/shared_batches.h"
#include "training/starting_point.h"
#include "training/summaries.h"
#include "training/train_loop.h"
#include "training/trainer.h"
#include "training/validation.h"

namespace savp::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultModel = "savp";

// The options with all that follows from them filled in, and what stands behind them.
struct Plan {
  TrainOptions options;
  std::optional<FolderLock> lock;  // of the run's folder
  std::optional<Checkpoint> start;
  std::optional<VariableSource> variables = {};  // of the start, until the trainer has them
  HparamsDicts dataset_dicts, model_dicts;
  bool with_preset = false;  // below all dicts
  uint64_t seed = 0;
  StreamPosition position = {};  // in the data
  std::shared_ptr<Communicator> team = alone();
  bool writes = true;  // one process of the team does

  Shard shard() const { return {team->rank(), team->size()}; }
};

// Whether the checkpoint is one of the run's own folder, which then continues.
bool continues(const Checkpoint& start, const std::string& output_dir) {
  std::error_code missing;
  return start.size() == 1 && fs::equivalent(start.folder(), output_dir, missing);
}

void settle_output_dir(TrainOptions& options, const std::optional<Checkpoint>& start) {
  if (options.output_dir) return;
  if (options.resume && start) {
    options.output_dir = start->folder().string();
    return;
  }
  const auto model = options.model ? *options.model : start ? start->option("model") : kDefaultModel;
  options.output_dir = (fs::path(options.logs_dir) / run_name(model, options.model_hparams)).string() +
                       options.output_dir_postfix;
}

void settle_folders(Plan& plan) {
  auto& options = plan.options;
  SAVP_CHECK(!options.from_step || (options.resume && !options.checkpoint), UsageError, "--from_step ",
             options.from_step.value_or(0),
             " is of the run's own folder: give --resume with it, and no --checkpoint");
  if (options.checkpoint) plan.start = Checkpoint::open(*options.checkpoint);
  settle_output_dir(options, plan.start);
  const bool own = plan.start && continues(*plan.start, *options.output_dir);
  SAVP_CHECK(!options.resume || !options.checkpoint || own, UsageError,
             "--resume and --checkpoint cannot both be given, unless the checkpoint is one of --output_dir: ",
             "--resume continues a run in its own folder; leave it out to start from the weights of another");
  options.resume = options.resume || own;
  if (options.resume) {
    if (!options.checkpoint)
      options.checkpoint =
          options.from_step ? checkpoint_name(*options.output_dir, *options.from_step) : *options.output_dir;
    if (!plan.start) plan.start = Checkpoint::open(*options.checkpoint);
  }
  if (!options.dry_run && plan.writes) {
    plan.lock.emplace(FolderLock::inside(*options.output_dir));
    remove_unfinished_files(*options.output_dir);
  }
  if (options.resume) return;
  const auto saved = saved_steps(*options.output_dir);
  SAVP_CHECK(saved.empty(), UsageError, *options.output_dir, " already holds ",
             saved.back().file.filename().string(),
             ": continue with --resume, or choose another --output_dir");
}

void settle_dataset(Plan& plan) {
  auto& options = plan.options;
  plan.dataset_dicts = hparams_dicts(HparamsOf::kDataset, plan.start, options.dataset_hparams_dict);
  if (plan.start && !options.dataset) options.dataset = plan.start->option("dataset");
  if (options.dataset) return;
  options.dataset = infer_dataset(options.input_dir, "train");
  log::info(concat(options.input_dir, " looks like the data set ", *options.dataset));
}

// A preset comes in where one is asked for, or nothing else is said about the model.
void settle_model(Plan& plan) {
  auto& options = plan.options;
  plan.model_dicts = hparams_dicts(HparamsOf::kModel, plan.start, options.model_hparams_dict);
  if (plan.start && !options.model) options.model = plan.start->option("model");
  plan.with_preset = options.preset || (!options.model && plan.model_dicts.empty());
  if (!options.model) options.model = options.preset ? preset_model(*options.preset) : kDefaultModel;
  SAVP_CHECK(!options.preset || find_model(*options.model).name == preset_model(*options.preset), UsageError,
             "--preset ", *options.preset, " is for --model ", preset_model(*options.preset), ", not for ",
             *options.model);
}

TrainerOptions trainer_options(const Plan& plan, const TrainHparams& hparams, const at::Device& device) {
  const auto& options = plan.options;
  const bool graph = options.graph && DeviceGraph::available(device) && plan.team->size() == 1;
  if (options.graph && !graph) log::warn("--graph is ignored: only one process on a GPU records steps");
  return {.device = device,
          .seed = plan.seed,
          .precision = options.precision,
          .graph = graph,
          .accumulate_steps = options.accumulate_steps,
          .communicator = plan.team,
          .vgg = load_vgg(hparams, device)};
}

// Sequences of each batch that this process computes.
int64_t own_batch_size(const Plan& plan, int64_t batch_size) {
  const auto processes = plan.team->size(), parts = plan.options.accumulate_steps;
  SAVP_CHECK(batch_size % processes == 0, UsageError, "batch_size=", batch_size, " cannot be divided among ",
             processes, " processes: choose a multiple, or --processes 1");
  SAVP_CHECK(batch_size / processes % parts == 0, UsageError, batch_size / processes,
             " sequences a process cannot be divided into --accumulate_steps ", parts,
             " parts: choose a batch_size that is a multiple of ", processes * parts);
  return batch_size / processes;
}

// As many sequences at once as training computes. `few`: in batches of training.
std::unique_ptr<ValidationData> read_validation(const Plan& plan, std::unique_ptr<Dataset> data,
                                                int64_t batch_size, const at::Device& device, int64_t few) {
  const auto at_once = own_batch_size(plan, batch_size) / plan.options.accumulate_steps;
  const auto parts = batch_size / at_once;
  return std::make_unique<ValidationData>(std::move(data), at_once, device, few * parts, parts);
}

StreamPosition position_in(const VariableSource& variables, const Shard& shard) {
  const auto found = variables.metadata().find(metadata_keys::kDataPosition);
  if (found == variables.metadata().end()) {
    log::warn("the checkpoint does not say where it was in the data: reading starts anew");
    return {};
  }
  try {
    return position_of(found->second, shard);
  } catch (const UsageError& error) {
    throw DataError(concat(variables.where(), ": its metadata ", found->first, ": ", error.what()));
  }
}

// New, and the same for all.
uint64_t common_seed(Communicator& team) {
  const auto seed = at::full({}, static_cast<int64_t>(std::random_device()()), at::kLong);
  team.broadcast(seed);
  return static_cast<uint64_t>(seed.item<int64_t>());
}

// A checkpoint is read before anything that takes time: it may be damaged. The seed is the flag's, else that
// of the run which continues, else a new one. Only a run that continues does so where it was in the data.
void settle_start(Plan& plan) {
  plan.seed = plan.options.seed ? static_cast<uint64_t>(*plan.options.seed) : common_seed(*plan.team);
  if (!plan.start) return;
  plan.variables = VariableSource::open(*plan.start);
  if (!plan.options.resume) return;
  const auto seed = number_in(plan.variables->metadata(), metadata_keys::kSeed, plan.variables->where());
  if (seed && !plan.options.seed) plan.seed = *seed;
  plan.position = position_in(*plan.variables, plan.shard());
}

void settle_precision(const TrainOptions& options) {
  const auto device = device_named(options.device, "--device");
  check_precision(options.precision, device);
  if (options.precision == Precision::kBf16 && device.is_cpu() && !has_bfloat16_products())
    log::warn(
        "--precision bf16: this CPU multiplies no bfloat16 (AVX512-BF16, AMX), or ONEDNN_MAX_CPU_ISA "
        "forbids it: a step will be slower than with fp32");
}

Plan settle(const TrainOptions& options, const std::shared_ptr<Communicator>& team) {
  settle_precision(options);
  use_threads(options.threads);
  Plan plan{.options = options,
            .lock = {},
            .start = {},
            .dataset_dicts = {},
            .model_dicts = {},
            .team = team,
            .writes = team->rank() == 0};
  settle_folders(plan);
  settle_dataset(plan);
  settle_model(plan);
  settle_start(plan);
  return plan;
}

std::unique_ptr<Dataset> open_dataset(const Plan& plan, const std::string& input_dir,
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
std::unique_ptr<Dataset> open_validation(const Plan& plan) {
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

// Null where it would be the same, is not asked for, or cannot be had.
std::unique_ptr<ValidationData> open_long_validation(const Plan& plan, const TrainHparams& hparams,
                                                     const at::Device& device) {
  if (plan.options.accum_eval_summary_freq == 0) return nullptr;
  auto data = open_validation(plan);
  if (!data) return nullptr;
  const auto length = data->hparams().long_sequence_length;
  if (length <= data->hparams().sequence_length) return nullptr;
  try {
    data->set_sequence_length(length);
    return read_validation(plan, std::move(data), hparams.batch_size, device, /*few=*/1);
  } catch (const Error& error) {
    log::warn(concat("no validation of long_sequence_length=", length, ": ", error.what()));
    return nullptr;
  }
}

std::unique_ptr<ModelHparams> make_hparams(const Plan& plan, const ModelEntry& entry,
                                           HparamsSources sources) {
  sources.dicts = plan.model_dicts;
  sources.texts = {plan.options.model_hparams.value_or("")};
  if (plan.options.vgg_weights) sources.flags["vgg_weights"] = *plan.options.vgg_weights;
  auto hparams = entry.make_hparams();
  resolve_hparams(entry.view(*hparams), sources, deprecated_hparams());
  return hparams;
}

// Unknown and impossible hyperparameters, before a video is decoded.
void check_hparams(const Plan& plan, const ModelEntry& entry) {
  settle_hparams(find_dataset(*plan.options.dataset), plan.dataset_dicts,
                 {plan.options.dataset_hparams.value_or("")});
  make_hparams(plan, entry, {});
}

// What suits the data; the plan knows its name from now on.
std::pair<std::string, Json> settle_preset(Plan& plan, const ModelEntry& entry, const Dataset& data) {
  const auto shape = data.shape();
  const auto choice = choose_preset(
      {data.name(), shape.actions, shape.states, data.hparams().sequence_length}, plan.options.preset);
  plan.options.preset = choice.name;
  const auto where = preset(choice.name).first;
  log::info(concat("model ", entry.name, " with ", where, ": ", choice.why));
  return {where, choice.values};
}

std::unique_ptr<ModelHparams> settle_model_hparams(Plan& plan, const ModelEntry& entry,
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

// The trainer's first variables.
void fill(Trainer& trainer, Plan& plan) {
  if (plan.variables)
    plan.options.resume ? resume(trainer, *plan.variables) : start_from(trainer, *plan.variables);
  plan.variables.reset();
  trainer.share();
}

// A run that continues from an earlier checkpoint leaves later ones behind.
void set_later_ones_aside(const Plan& plan, int64_t step) {
  if (!plan.options.resume || !plan.writes) return;
  for (const auto& file : set_aside_after(*plan.options.output_dir, step))
    log::warn(concat("a checkpoint of a later step than ", step, " is now ", file.string()));
}

// ", divided among 4 processes and into 2 parts each", or nothing.
std::string division_text(const Plan& plan) {
  const auto processes = plan.team->size(), parts = plan.options.accumulate_steps;
  if (processes * parts == 1) return "";
  return concat(", divided", processes > 1 ? concat(" among ", processes, " processes") : "",
                processes > 1 && parts > 1 ? " and" : "",
                parts > 1 ? concat(" into ", parts, " parts", processes > 1 ? " each" : "") : "");
}

void tell_start(const Plan& plan, Trainer& trainer, const at::Device& device) {
  const auto& hparams = trainer.hparams();
  log::info(concat(device_name(device), "; ", parameter_count(trainer.generator()),
                   " parameters in the generator; batches of ", hparams.batch_size, " x ",
                   hparams.sequence_length, " frames", division_text(plan), "; seed ", plan.seed));
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

std::vector<std::pair<std::string, std::string>> texts_of(const Plan& plan, Dataset& data,
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

void show(const Plan& plan, Dataset& data, const HparamsView& hparams, const TrainerOptions& settings,
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

TrainLoopOptions loop_options(const Plan& plan, const std::string& model, const VideoShape& shape) {
  const auto& options = plan.options;
  return {.output_dir = *options.output_dir,
          .progress_freq = options.progress_freq,
          .save_freq = options.save_freq,
          .max_bad_steps = options.max_bad_steps,
          .retention = {.newest = static_cast<size_t>(options.keep)},
          .metadata = {{metadata_keys::kSeed, std::to_string(plan.seed)},
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

RunDescription describe(const Plan& plan, Dataset& data, const HparamsView& hparams) {
  return {to_json(plan.options), data.view().to_json(), hparams.to_json()};
}

// The others take the same steps, so that they ask for the same draws, and keep nothing.
void let_one_write(TrainLoopOptions& loop, const Plan& plan) {
  if (plan.writes) return;
  loop.output_dir.clear();
  loop.sinks.clear();
  for (auto* rows : {&loop.more, &loop.after_saving})
    for (auto& row : *rows) row.act = [](const Moment&) {};
}

// What the user can do after a process was lost.
std::string last_checkpoint(const std::string& folder) {
  const auto saved = saved_steps(folder);
  return saved.empty()
             ? "no checkpoint was saved before"
             : saved.back().file.string() + " is the last checkpoint: --resume continues from there";
}

void run_loop(TrainLoop& loop, const Plan& plan) {
  try {
    loop.run();
    plan.team->barrier();  // until the last checkpoint is there
  } catch (const PeerError& error) {
    throw PeerError(concat(error.what(), "; ", last_checkpoint(*plan.options.output_dir)));
  }
}

void train_in(const std::shared_ptr<Communicator>& team, const TrainOptions& given) {
  auto plan = settle(given, team);
  const auto& options = plan.options;
  const auto& entry = find_model(*options.model);
  SAVP_CHECK(entry.trainable, UsageError, "--model ", entry.name, " has nothing to learn: see --list_models");
  check_hparams(plan, entry);
  const auto data = open_dataset(plan, options.input_dir, "train");
  const auto settled = settle_model_hparams(plan, entry, *data);
  check_sequences(*data, options.input_dir);
  const auto& hparams = dynamic_cast<const TrainHparams&>(*settled);
  const auto batch_size = own_batch_size(plan, hparams.batch_size);
  auto validation_data = open_validation(plan);
  SAVP_CHECK(!options.keep_best || (validation_data && options.summary_freq > 0), UsageError, "--keep_best ",
             options.keep_best.value_or(""),
             " needs validation: give --val_input_dir, and --summary_freq above 0");
  stop_if_interrupted();

  const auto device = device_named(options.device, "--device");
  limit_gpu_memory(device, options.gpu_mem_frac);
  auto validated = validated_metrics(options.keep_best, hparams, data->shape(), device);
  const auto settings = trainer_options(plan, hparams, device);
  Trainer trainer(entry, hparams, data->shape(), settings);
  fill(trainer, plan);
  const auto own_batches = data->batches({.batch_size = batch_size,
                                          .seed = plan.seed,
                                          .start = plan.position,
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
  const auto validation = validation_data ? read_validation(plan, std::move(validation_data),
                                                            hparams.batch_size, device, options.val_batches)
                                          : nullptr;
  const auto longer = open_long_validation(plan, hparams, device);
  Summaries summaries(trainer, has_event_file(options) ? summary_metrics(data->shape(), device) : MetricSet(),
                      std::move(validated), summary_options(options), validation.get(), longer.get());
  loop.more = summaries.quick();
  loop.after_saving = summaries.thorough();
  let_one_write(loop, plan);
  TrainLoop training(trainer, batches, std::move(loop));
  run_loop(training, plan);
  log::info(concat("trained to step ", trainer.global_step(), "; the run is in ", *options.output_dir,
                   data->skipped_summary()));
}

// What is written there is lost.
class Nowhere : public std::streambuf {
 protected:
  int overflow(int c) override { return traits_type::not_eof(c); }
  std::streamsize xsputn(const char* /*text*/, std::streamsize count) override { return count; }
};

// One process tells what all do.
void fall_silent() {
  static Nowhere nowhere;
  log::set_errors_only();
  std::cout.rdbuf(&nowhere);
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
    train_in(team, options);
  } catch (const InterruptedError& error) {  // all are, and one has saved
    throw Error(error.code(), team->rank() == 0 ? error.what() : "");
  } catch (const Error& error) {
    if (team->first_to(kTellOfError)) throw;
    throw Error(error.code(), "");
  } catch (const std::exception&) {
    if (team->first_to(kTellOfError)) throw;
    throw Error(ExitCode::kOutOfMemory, "");
  }
}

int64_t processes_to_start(const TrainOptions& options) {
  if (options.processes > 0) return options.processes;
  return options.device == "auto" ? std::max<int64_t>(1, gpu_count()) : 1;
}

}  // namespace

void train(const TrainOptions& options) {
  const auto rendezvous = find_rendezvous([](const char* name) { return std::getenv(name); });
  if (rendezvous) return train_among(*rendezvous, options);
  if (const auto processes = processes_to_start(options); processes > 1) return launch(processes);
  train_in(alone(), options);
}

}  // namespace savp::cli
