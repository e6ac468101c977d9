#include "savp/evaluation/run.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>

#include "savp/checkpoints/tensors.h"
#include "savp/checkpoints/tf_names.h"
#include "savp/checkpoints/video_shape.h"
#include "savp/core/interrupt.h"
#include "savp/core/log.h"
#include "savp/datasets/dataset.h"
#include "savp/evaluation/pictures.h"
#include "savp/io/video.h"
#include "savp/kernels/device.h"
#include "savp/models/models.h"

namespace savp {
namespace {

constexpr int64_t kLargestDefaultBatch = 8;

HparamsDicts dataset_dicts(const std::optional<Checkpoint>& checkpoint) {
  return checkpoint ? checkpoint->dataset_hparams() : HparamsDicts{};
}

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
  return options.num_samples.value_or(available);
}

int64_t settle_batch_size(const RunOptions& options, int64_t sequences) {
  if (options.batch_size) {
    SAVP_CHECK(sequences % *options.batch_size == 0, UsageError, "--batch_size=", *options.batch_size,
               " should evenly divide the ", sequences, " sequences: choose another, or let it be chosen");
    return *options.batch_size;
  }
  if (options.skip_bad_records) return 1;  // a batch that lacks a sequence is dropped with all others in it
  auto size = std::min(kLargestDefaultBatch, std::max<int64_t>(sequences, 1));
  while (sequences % size != 0) --size;
  return size;
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
  input.model = find_model(options.model ? *options.model : input.checkpoint->option("model")).name;
  return input;
}

// What the model was trained on; none where it has no checkpoint or that does not tell.
std::optional<VideoShape> trained_shape(const RunInput& input) {
  if (!input.checkpoint || !find_model(input.model).trainable) return std::nullopt;
  const auto file = input.checkpoint->variables();
  return shape_from(checkpoint_metadata(file), file.string());
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
             ", the data has ", text(data), ": see crop_size, scale_size and use_state of --dataset_hparams");
}

std::string variable_name(const std::string& dotted) {
  return concat("generator/", tf_names::from_ours(dotted));
}

std::vector<std::pair<std::string, Tensor>> variables(const torch::nn::Module& generator) {
  std::vector<std::pair<std::string, Tensor>> all;
  const auto add = [&](const auto& items) {
    for (const auto& item : items) {
      all.emplace_back(variable_name(item.key()), item.value());
    }
  };
  add(generator.named_parameters());
  add(generator.named_buffers());
  return all;
}

std::shared_ptr<Predictor> make_predictor(const ModelEntry& entry, const ModelHparams& hparams,
                                          const VideoShape& shape,
                                          const std::optional<Checkpoint>& checkpoint) {
  if (!entry.trainable) return entry.make_predictor(hparams);
  SAVP_CHECK(checkpoint, UsageError, "--model ", entry.name, " needs its weights: give --checkpoint PATH");
  auto generator = entry.make_generator(hparams, shape);
  const auto file = checkpoint->variables();
  generator->to(default_device());
  Leniency leniency{.unused = true};  // discriminators and optimizers
  for (const auto& name : generator->training_only()) leniency.optional.push_back(variable_name(name));
  restore_checkpoint(file, variables(*generator), leniency);
  log::info(concat("model ", entry.name, " from ", file.string()));
  return generator;
}

// What the model was trained on, else what the data set's hyperparameters say, else as the clip is.
VideoOptions size_for(const std::optional<VideoShape>& trained, const VideoHparams& hparams,
                      const ClipOptions& clip) {
  const double fps = clip.fps > 0 ? clip.fps : hparams.fps;
  const auto [height, width] =
      hparams.frame_size[0] > 0 ? hparams.frame_size : Size2{hparams.scale_size, hparams.scale_size};
  if (!trained) return {.height = height, .width = width, .fps = fps};
  SAVP_CHECK(
      trained->actions == 0 && trained->states == 0, UsageError, clip.path,
      " has no actions or states, which the model was trained with: give --input_dir with records that do");
  return {.height = trained->height, .width = trained->width, .channels = trained->channels, .fps = fps};
}

// The context of a clip, [context_frames, 1, C, H, W].
Tensor read_context(const ClipOptions& clip, int64_t context_frames, const VideoOptions& size) {
  VideoReader reader(clip.path, size);
  std::vector<Picture> frames;
  int64_t read = 0;
  for (; read < clip.start_frame + context_frames; ++read) {
    auto frame = reader.next();
    if (!frame) break;
    if (read >= clip.start_frame) frames.push_back(std::move(*frame));
  }
  SAVP_CHECK(static_cast<int64_t>(frames.size()) == context_frames, DataError, clip.path, " has ", read,
             " frames, ", context_frames, " from number ", clip.start_frame,
             " on are needed: lower --start_frame or give a longer video");
  return to_video(frames);
}

}  // namespace

RunInput open_dataset_input(const RunOptions& options) {
  SAVP_CHECK(options.input_dir, UsageError, "--input_dir DIR must be given: a folder with record files");
  auto input = open_model(options);
  const std::shared_ptr<Dataset> data = Dataset::open(
      dataset_name(options, input.checkpoint), *options.input_dir, enum_name(options.mode),
      dataset_dicts(input.checkpoint), options.dataset_hparams.value_or(""), options.skip_bad_records);
  input.dataset = data->name();
  input.dataset_hparams = data->view().to_json();
  input.shape = data->shape();
  check_same(input.shape, trained_shape(input));
  const auto sequences = sequences_per_epoch(options, *data);
  input.batch_size = settle_batch_size(options, sequences);
  const BatchOptions batches{.batch_size = input.batch_size,
                             .num_epochs = options.num_epochs,
                             .seed = static_cast<uint64_t>(options.seed),
                             .threads = options.data_threads,
                             .device = default_device()};
  input.videos = options.num_samples ? sequences : sequences * options.num_epochs;
  input.batches = data->batches(batches);
  input.data = data;
  return input;
}

RunInput open_clip_input(const RunOptions& options, const ClipOptions& clip) {
  auto input = open_model(options);
  DatasetSpec spec;
  if (options.dataset || input.checkpoint) spec = find_dataset(dataset_name(options, input.checkpoint));
  input.dataset = spec.name;
  auto hparams = spec.hparams;
  auto view = spec.view(hparams);
  for (const auto& [where, values] : dataset_dicts(input.checkpoint)) view.override_from_json(values, where);
  view.override_from_text(options.dataset_hparams.value_or(""), "--dataset_hparams");
  const auto trained = trained_shape(input);
  Batch batch;
  batch.images = read_context(clip, hparams.context_frames, size_for(trained, hparams, clip));
  input.dataset_hparams = view.to_json();
  input.shape = batch.shape();
  if (input.checkpoint && !trained)
    log::info(concat("the checkpoint does not say what it was trained on: the clip is taken as ",
                     text(input.shape), "; --dataset_hparams scale_size=64 makes it 64x64"));
  input.videos = 1;
  input.batches = std::make_unique<Once>(batch.to(default_device()));
  return input;
}

Run::Run(const RunOptions& options, RunInput input, std::optional<int64_t> sequence_length)
    : input_(std::move(input)) {
  const auto& checkpoint = input_.checkpoint;
  name_ = checkpoint ? checkpoint->name() : "model." + input_.model;
  const auto& entry = find_model(input_.model);
  const auto& data = input_.dataset_hparams;
  hparams_ = entry.make_hparams();
  const auto view = entry.view(*hparams_);
  resolve_hparams(view, checkpoint ? checkpoint->model_hparams() : HparamsDicts{},
                  {{"context_frames", data.at("context_frames")},
                   {"sequence_length", sequence_length ? Json(*sequence_length) : data.at("sequence_length")},
                   {"repeat", data.at("time_shift")}},
                  options.model_hparams.value_or(""), deprecated_hparams());
  SAVP_CHECK(hparams_->sequence_length > hparams_->context_frames, UsageError,
             "nothing to predict: sequence_length=", hparams_->sequence_length,
             " is not above context_frames=", hparams_->context_frames);
  model_hparams_ = view.to_json();
  limit_gpu_memory(default_device(), options.gpu_mem_frac);
  predictor_ = make_predictor(entry, *hparams_, input_.shape, checkpoint);
  noise_ = std::make_unique<DeviceNoise>(default_device(), static_cast<uint64_t>(options.seed));
}

RunDescription Run::description(Json options) const {
  options["model"] = input_.model;
  options["dataset"] = input_.dataset;
  options["batch_size"] = input_.batch_size;
  return {std::move(options), input_.dataset_hparams, model_hparams_};
}

std::optional<Batch> Run::next_batch() {
  stop_if_interrupted();
  if (delivered_ >= input_.videos) return std::nullopt;
  auto batch = input_.batches->next();
  if (batch)
    delivered_ += batch->batch_size();
  else
    log::warn(concat("the data ended after ", delivered_, " of ", input_.videos, " sequences"));
  return batch;
}

std::string Run::skipped_summary() const { return input_.data ? input_.data->skipped_summary() : ""; }

void Run::sample(const Batch& batch, int64_t samples, int64_t at_once, const TakePortion& take) {
  for (int64_t drawn = 0; drawn < samples; drawn += at_once) {
    stop_if_interrupted();
    take(predictor_->predict(batch, sequence_length(), std::min(at_once, samples - drawn), *noise_).images);
  }
}

}  // namespace savp
