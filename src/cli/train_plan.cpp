#include "cli/train_plan.h"

#include <filesystem>

#include "core/device.h"
#include "core/error.h"
#include "core/instructions.h"
#include "core/log.h"
#include "io/unfinished_files.h"
#include "models/models.h"
#include "models/presets.h"
#include "opening/open_dataset.h"

namespace savp::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultModel = "savp";

// Whether the checkpoint is one of the run's own folder, which then continues.
bool continues(const Checkpoint& checkpoint, const std::string& output_dir) {
  std::error_code missing;
  return checkpoint.size() == 1 && fs::equivalent(checkpoint.folder(), output_dir, missing);
}

void settle_output_dir(TrainOptions& options, const std::optional<Checkpoint>& checkpoint) {
  if (options.output_dir) return;
  if (options.resume && checkpoint) {
    options.output_dir = checkpoint->folder().string();
    return;
  }
  const auto model = options.model ? *options.model
                     : checkpoint  ? checkpoint->option("model")
                                   : kDefaultModel;
  options.output_dir = (fs::path(options.logs_dir) / run_name(model, options.model_hparams)).string() +
                       options.output_dir_postfix;
}

void settle_folders(TrainPlan& plan) {
  auto& options = plan.options;
  SAVP_CHECK(!options.from_step || (options.resume && !options.checkpoint), UsageError, "--from_step ",
             options.from_step.value_or(0),
             " is of the run's own folder: give --resume with it, and no --checkpoint");
  if (options.checkpoint) plan.checkpoint = Checkpoint::open(*options.checkpoint);
  settle_output_dir(options, plan.checkpoint);
  const bool own = plan.checkpoint && continues(*plan.checkpoint, *options.output_dir);
  SAVP_CHECK(!options.resume || !options.checkpoint || own, UsageError,
             "--resume and --checkpoint cannot both be given, unless the checkpoint is one of --output_dir: ",
             "--resume continues a run in its own folder; leave it out to start from the weights of another");
  options.resume = options.resume || own;
  if (options.resume) {
    if (!options.checkpoint)
      options.checkpoint =
          options.from_step ? checkpoint_name(*options.output_dir, *options.from_step) : *options.output_dir;
    if (!plan.checkpoint) plan.checkpoint = Checkpoint::open(*options.checkpoint);
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

void settle_dataset(TrainPlan& plan) {
  auto& options = plan.options;
  plan.dataset_dicts = hparams_dicts(HparamsOf::kDataset, plan.checkpoint, options.dataset_hparams_dict);
  if (plan.checkpoint && !options.dataset) options.dataset = plan.checkpoint->option("dataset");
  if (options.dataset) return;
  options.dataset = infer_dataset(options.input_dir, "train");
  log::info(concat(options.input_dir, " looks like the data set ", *options.dataset));
}

// A preset comes in where one is asked for, or nothing else is said about the model.
void settle_model(TrainPlan& plan) {
  auto& options = plan.options;
  plan.model_dicts = hparams_dicts(HparamsOf::kModel, plan.checkpoint, options.model_hparams_dict);
  if (plan.checkpoint && !options.model) options.model = plan.checkpoint->option("model");
  plan.with_preset = options.preset || (!options.model && plan.model_dicts.empty());
  if (!options.model) options.model = options.preset ? preset_model(*options.preset) : kDefaultModel;
  SAVP_CHECK(!options.preset || find_model(*options.model).name == preset_model(*options.preset), UsageError,
             "--preset ", *options.preset, " is for --model ", preset_model(*options.preset), ", not for ",
             *options.model);
}

void settle_precision(const TrainOptions& options) {
  const auto device = device_named(options.device, "--device");
  check_precision(options.precision, device);
  if (options.precision == Precision::kBf16 && device.is_cpu() && !has_bfloat16_products())
    log::warn(
        "--precision bf16: this CPU multiplies no bfloat16 (AVX512-BF16, AMX), or ONEDNN_MAX_CPU_ISA "
        "forbids it: a step will be slower than with fp32");
}

}  // namespace

TrainPlan settle(const TrainOptions& options, const std::shared_ptr<Communicator>& team) {
  settle_precision(options);
  use_threads(options.threads);
  TrainPlan plan{.options = options, .team = team, .writes = team->rank() == 0};
  settle_folders(plan);
  settle_dataset(plan);
  settle_model(plan);
  plan.start = find_start(plan.checkpoint, plan.options.resume, plan.options.seed, *team);
  return plan;
}

}  // namespace savp::cli
