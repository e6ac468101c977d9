#include "evaluation/run.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <filesystem>

#include "checkpoints/tensors.h"
#include "checkpoints/video_shape.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "datasets/dataset.h"
#include "evaluation/clip.h"
#include "io/array_file.h"
#include "io/video.h"
#include "kernels/device.h"
#include "models/models.h"

namespace savp {
namespace {

constexpr int64_t kLargestDefaultBatch = 8;

std::string dataset_name(const RunOptions& options, const std::optional<Checkpoint>& checkpoint) {
  if (options.dataset) return *options.dataset;
  if (checkpoint) return checkpoint->option("dataset");
  return infer_dataset(*options.input_dir, enum_name(options.mode));
}

int64_t sequences_per_epoch(const RunOptions& options, const Dataset& data) {
  const auto available = data.num_examples_per_epoch();
  SAVP_CHECK(!options.num_samples || *options.num_samples <= available, UsageError,
             "--num_samples=", *options.num_samples, ": ", *options.input_dir, " has only ", available,
             " sequences for ", data.mode());
  SAVP_CHECK(available > 0, DataError, *options.input_dir, ": has no sequence of ",
             data.hparams().sequence_length, " frames for ", data.mode(),
             ": lower sequence_length, or choose another --mode");
  return options.num_samples.value_or(available);
}

// Unknown and impossible hyperparameters, before anything is read that takes time.
void check_hparams(const RunOptions& options, const RunInput& input, const DatasetSpec& spec) {
  settle_hparams(spec, hparams_dicts(HparamsOf::kDataset, input.checkpoint),
                 {options.dataset_hparams.value_or("")});
  const auto& entry = find_model(input.model);
  const auto hparams = entry.make_hparams();
  resolve_hparams(entry.view(*hparams), hparams_dicts(HparamsOf::kModel, input.checkpoint), Json::object(),
                  options.model_hparams.value_or(""), deprecated_hparams());
}

// The frames that all sequences can have; none where records differ in length.
std::optional<int64_t> longest_sequence(Dataset& data) {
  const auto now = data.hparams().sequence_length;
  try {
    data.set_sequence_length(0);
  } catch (const UsageError&) {
    return std::nullopt;
  }
  const auto longest = data.hparams().sequence_length;
  data.set_sequence_length(now);
  return longest;
}

// Makes the data give sequences of the wanted length. Where it has none that are so long, the true frames it
// has will do for a prediction beyond them, unless that takes actions.
void fit_length(Dataset& data, const RunInput& input, Reach reach) {
  const auto wanted = input.sequence_length;
  const auto longest = longest_sequence(data);
  data.set_sequence_length(wanted);
  if (longest ? wanted <= *longest : data.num_examples_per_epoch() > 0) return;
  SAVP_CHECK(reach == Reach::kBeyond && input.model != "ground_truth", UsageError, "sequence_length=", wanted,
             ": true frames are needed, but those of ", data.files().front(), " ",
             longest ? concat("are ", *longest) : "are fewer in every record",
             " (frame_skip=", data.hparams().frame_skip, "): choose a smaller sequence_length");
  SAVP_CHECK(input.shape.actions == 0, UsageError, "sequence_length=", wanted,
             ": the model takes actions, but ", data.files().front(), " has them for ",
             longest ? concat(*longest, " frames") : "fewer frames",
             " only: choose a smaller sequence_length, or give records with more actions");
  data.set_sequence_length(longest ? *longest : data.hparams().context_frames + 1);
}

// Some batches as one.
Batch side_by_side(const std::vector<Batch>& parts) {
  const auto joined = [&](Tensor Batch::*member) {
    std::vector<Tensor> tensors;
    for (const auto& part : parts) tensors.push_back(part.*member);
    return tensors.front().defined() ? at::cat(tensors, 1) : Tensor();
  };
  return {joined(&Batch::images), joined(&Batch::actions), joined(&Batch::states),
          joined(&Batch::pix_distribs)};
}

// A single batch.
class Once : public Stream<Batch> {
 public:
  explicit Once(Batch batch) : batch_(std::move(batch)) {}
  std::optional<Batch> next() override { return std::exchange(batch_, std::nullopt); }

 private:
  std::optional<Batch> batch_;
};

// The model alone.
RunInput open_model(const RunOptions& options) {
  RunInput input;
  if (options.checkpoint) input.checkpoint = Checkpoint::open(*options.checkpoint);
  SAVP_CHECK(options.model || input.checkpoint, UsageError,
             "--checkpoint PATH must be given, or a --model that needs none (repeat, ground_truth)");
  const auto& entry = find_model(options.model ? *options.model : input.checkpoint->option("model"));
  input.model = entry.name;
  if (input.checkpoint && entry.trainable) input.variables = VariableSource::open(*input.checkpoint);
  return input;
}

// What the model was trained on; none where it has no checkpoint or that does not tell.
std::optional<VideoShape> trained_shape(const RunInput& input) {
  if (!input.variables) return std::nullopt;
  return shape_from(input.variables->metadata(), input.variables->where());
}

std::string text(const VideoShape& shape) {
  auto words = concat(shape.width, "x", shape.height, " pixels of ", shape.channels, " channels");
  if (shape.actions > 0) words += concat(", ", shape.actions, " actions");
  if (shape.states > 0) words += concat(", ", shape.states, " states");
  return words;
}

void check_same(const VideoShape& data, const std::optional<VideoShape>& trained) {
  if (!trained) return;
  const auto sizes = [](const VideoShape& shape) {
    return std::array{shape.channels, shape.height, shape.width, shape.actions, shape.states};
  };
  SAVP_CHECK(sizes(data) == sizes(*trained), UsageError, "the model was trained on ", text(*trained),
             ", the data has ", text(data),
             ": see frame_size (own videos), crop_size, scale_size and use_state of --dataset_hparams");
}

std::shared_ptr<Predictor> make_predictor(const ModelEntry& entry, const ModelHparams& hparams,
                                          const VideoShape& shape,
                                          const std::optional<VariableSource>& source) {
  if (!entry.trainable) return entry.make_predictor(hparams);
  SAVP_CHECK(source, UsageError, "--model ", entry.name, " needs its weights: give --checkpoint PATH");
  auto generator = entry.make_generator(hparams, shape);
  generator->to(default_device());
  Leniency leniency{.unused = true};  // discriminators and optimizers
  for (const auto& name : generator->training_only())
    leniency.optional.push_back(variable_name(kGeneratorScope, name));
  auto variables = named_parameters(kGeneratorScope, *generator);
  const auto buffers = named_buffers(kGeneratorScope, *generator);
  variables.insert(variables.end(), buffers.begin(), buffers.end());
  restore(*source, variables, leniency);
  log::info(concat("model ", entry.name, " from ", source->where()));
  return generator;
}

// What the model was trained on, else what the data set's hyperparameters say, else as the clip is.
VideoOptions size_for(const std::optional<VideoShape>& trained, const VideoHparams& hparams,
                      const StartingClip& clip) {
  const double fps = clip.fps > 0 ? clip.fps : hparams.fps;
  const auto [height, width] =
      hparams.frame_size[0] > 0 ? hparams.frame_size : Size2{hparams.scale_size, hparams.scale_size};
  if (!trained) return {.height = height, .width = width, .fps = fps};
  SAVP_CHECK(trained->actions == 0 && trained->states == 0, UsageError, clip.path,
             " has no actions or states, which the model was trained with: give an .npz file or --input_dir "
             "that has them");
  return {.height = trained->height, .width = trained->width, .channels = trained->channels, .fps = fps};
}

Batch read_clip(const StartingClip& clip, const VideoHparams& hparams, int64_t sequence_length,
                const std::optional<VideoShape>& trained) {
  if (!is_array_name(clip.path))
    return read_video_clip(clip, hparams.context_frames, size_for(trained, hparams, clip));
  const bool with_actions = trained ? trained->actions > 0 || trained->states > 0 : hparams.use_state;
  return read_array_clip(clip, sequence_length, hparams.frame_skip + 1, with_actions);
}

}  // namespace

RunInput open_dataset_input(const RunOptions& options, Reach reach) {
  SAVP_CHECK(options.input_dir, UsageError, "--input_dir DIR must be given: a folder with record files");
  auto input = open_model(options);
  const auto name = dataset_name(options, input.checkpoint);
  check_hparams(options, input, find_dataset(name));
  const std::shared_ptr<Dataset> data = Dataset::open(
      name, *options.input_dir, enum_name(options.mode), hparams_dicts(HparamsOf::kDataset, input.checkpoint),
      options.dataset_hparams.value_or(""), options.skip_bad_records);
  input.dataset = data->name();
  input.place = data->files().front();
  input.shape = data->shape();
  check_same(input.shape, trained_shape(input));
  input.sequence_length = options.sequence_length.value_or(data->hparams().sequence_length);
  fit_length(*data, input, reach);
  input.frames = data->hparams().sequence_length;
  input.dataset_hparams = data->view().to_json();
  const auto sequences = sequences_per_epoch(options, *data);
  input.videos = options.num_samples ? sequences : sequences * options.num_epochs;
  input.batch_size = std::min(options.batch_size.value_or(kLargestDefaultBatch), input.videos);
  input.batches = data->batches({.batch_size = 1,
                                 .num_epochs = options.num_epochs,
                                 .seed = static_cast<uint64_t>(options.seed),
                                 .threads = options.data_threads,
                                 .device = default_device()});
  input.data = data;
  return input;
}

RunInput open_clip_input(const RunOptions& options, const StartingClip& clip) {
  auto input = open_model(options);
  DatasetSpec spec;
  if (options.dataset || input.checkpoint) spec = find_dataset(dataset_name(options, input.checkpoint));
  input.dataset = spec.name;
  input.place = clip.path;
  check_hparams(options, input, spec);
  auto hparams = spec.hparams;
  auto view = spec.view(hparams);
  for (const auto& [where, values] : hparams_dicts(HparamsOf::kDataset, input.checkpoint))
    view.override_from_json(values, where);
  view.override_from_text(options.dataset_hparams.value_or(""), "--dataset_hparams");
  const auto trained = trained_shape(input);
  input.sequence_length = options.sequence_length.value_or(hparams.sequence_length);
  SAVP_CHECK(
      input.sequence_length > 0, UsageError,
      "how far to predict is not known: give --sequence_length, frames of context and future together");
  const auto batch = read_clip(clip, hparams, input.sequence_length, trained);
  input.shape = batch.shape();
  if (is_array_name(clip.path)) check_same(input.shape, trained);
  input.frames = batch.images.size(0);
  input.dataset_hparams = view.to_json();
  if (input.checkpoint && !trained)
    log::info(concat("the checkpoint does not say what it was trained on: the clip is taken as ",
                     text(input.shape), "; --dataset_hparams scale_size=64 makes it 64x64"));
  input.videos = 1;
  input.batches = std::make_unique<Once>(batch.to(default_device()));
  return input;
}

Run::Run(const RunOptions& options, RunInput input)
    : input_(std::move(input)), seed_(static_cast<uint64_t>(options.seed)) {
  const auto& checkpoint = input_.checkpoint;
  name_ = checkpoint ? checkpoint->name() : "model." + input_.model;
  const auto& entry = find_model(input_.model);
  const auto& data = input_.dataset_hparams;
  hparams_ = entry.make_hparams();
  const auto view = entry.view(*hparams_);
  resolve_hparams(view, hparams_dicts(HparamsOf::kModel, checkpoint),
                  dictated_hparams(data.at("context_frames"), input_.sequence_length, data.at("time_shift")),
                  options.model_hparams.value_or(""), deprecated_hparams());
  check_lengths();
  model_hparams_ = view.to_json();
  limit_gpu_memory(default_device(), options.gpu_mem_frac);
  predictor_ = make_predictor(entry, *hparams_, input_.shape, input_.variables);
  input_.variables.reset();
}

void Run::check_lengths() const {
  const auto context = hparams_->context_frames, length = hparams_->sequence_length;
  SAVP_CHECK(length > context, UsageError, "nothing to predict: sequence_length=", length,
             " is not above context_frames=", context);
  SAVP_CHECK(context <= input_.frames, UsageError, input_.place, ": has only ", input_.frames,
             " true frames of each sequence, and context_frames=", context,
             " are to be shown to the model: lower context_frames, or give longer sequences");
  SAVP_CHECK(input_.shape.actions == 0 || !find_model(input_.model).trainable || length <= input_.frames,
             UsageError, "sequence_length=", length, ": the model takes actions, and ", input_.place,
             " has them for ", input_.frames,
             " frames only: choose a smaller sequence_length, or give more actions");
}

RunDescription Run::description(Json options) const {
  options["model"] = input_.model;
  options["dataset"] = input_.dataset;
  options["batch_size"] = input_.batch_size;
  return {std::move(options), input_.dataset_hparams, model_hparams_};
}

std::optional<Batch> Run::next_batch() {
  stop_if_interrupted();
  first_video_ = delivered_;
  std::vector<Batch> parts;
  while (delivered_ < input_.videos && static_cast<int64_t>(parts.size()) < input_.batch_size) {
    auto part = input_.batches->next();
    if (!part) {
      log::warn(concat("the data ended after ", delivered_, " of ", input_.videos, " sequences"));
      input_.videos = delivered_;
      break;
    }
    delivered_ += part->batch_size();
    parts.push_back(std::move(*part));
  }
  if (parts.empty()) return std::nullopt;
  return side_by_side(parts);
}

std::string Run::skipped_summary() const { return input_.data ? input_.data->skipped_summary() : ""; }

void Run::sample(const Batch& batch, int64_t samples, int64_t at_once, const TakePortion& take) {
  for (int64_t drawn = 0; drawn < samples; drawn += at_once) {
    stop_if_interrupted();
    const auto count = std::min(at_once, samples - drawn);
    RolloutNoise noise(default_device(), seed_, {first_video_, batch.batch_size(), drawn, count});
    take(predictor_->predict(batch, sequence_length(), count, noise).images);
  }
}

}  // namespace savp
