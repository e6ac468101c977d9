#include "cli/predicting.h"

#include <algorithm>
#include <utility>

#include "core/device.h"

namespace savp::cli {
namespace {

InputOptions input_options(const PredictOptions& o, const at::Device& device) {
  return {.input_dir = o.input_dir,
          .mode = o.mode,
          .dataset = o.dataset,
          .dataset_hparams = o.dataset_hparams.value_or(""),
          .model_hparams = o.model_hparams.value_or(""),
          .sequence_length = o.sequence_length,
          .num_samples = o.num_samples,
          .batch_size = o.batch_size,
          .num_epochs = o.num_epochs,
          .data_threads = o.data_threads,
          .skip_bad_records = o.skip_bad_records,
          .seed = static_cast<uint64_t>(o.seed),
          .device = device};
}

void check_lengths(const Origin& origin, const ModelHparams& hparams, const VideoInput& input, Reach reach) {
  const auto context = hparams.context_frames, length = hparams.sequence_length;
  SAVP_CHECK(length > context, UsageError, "nothing to predict: sequence_length=", length,
             " is not above context_frames=", context);
  SAVP_CHECK(context <= input.frames, UsageError, input.place, ": has only ", input.frames,
             " true frames of each sequence, and context_frames=", context,
             " are to be shown to the model: lower context_frames, or give longer sequences");
  const bool needs_actions =
      input.shape.actions > 0 && origin.entry->trainable && reach != Reach::kBeyondActions;
  SAVP_CHECK(
      !needs_actions || length <= input.frames, UsageError, "sequence_length=", length,
      ": the model takes actions, and ", input.place, " has them for ", input.frames,
      " frames only: choose a smaller sequence_length, or give more actions (savp_generate --actions)");
}

OpenModel open(const PredictOptions& options, Origin origin, const at::Device& device,
               const VideoInput& input, Reach reach) {
  const ModelSettings settings{.from_dataset = input.model_hparams(),
                               .model_hparams = options.model_hparams.value_or(""),
                               .shape = input.shape,
                               .device = device};
  check_lengths(origin, *origin.hparams(settings.from_dataset, settings.model_hparams), input, reach);
  return open_model(std::move(origin), settings);
}

Origin origin_of(const PredictOptions& options) {
  SAVP_CHECK(options.checkpoint || options.model, UsageError,
             "--checkpoint PATH must be given, or a --model that needs none (repeat, ground_truth)");
  return Origin::find(options.checkpoint, options.model);
}

}  // namespace

at::Device settle_machine(const PredictOptions& options) {
  const auto device = device_named(options.device, "--device");
  use_threads(options.threads);
  limit_gpu_memory(device, options.gpu_mem_frac);
  return device;
}

Predicting::Predicting(const PredictOptions& options, Origin origin, const at::Device& device,
                       VideoInput input, Reach reach)
    : input_(std::move(input)),
      model_(open(options, std::move(origin), device, input_, reach)),
      seed_(static_cast<uint64_t>(options.seed)) {}

Predicting Predicting::open_dataset(const PredictOptions& options, Reach reach) {
  const auto device = settle_machine(options);
  auto origin = origin_of(options);
  auto input = open_dataset_input(origin, input_options(options, device), reach);
  return {options, std::move(origin), device, std::move(input), reach};
}

Predicting Predicting::open_clip(const PredictOptions& options, const StartingClip& clip, Reach reach) {
  const auto device = settle_machine(options);
  auto origin = origin_of(options);
  auto input = open_clip_input(origin, input_options(options, device), clip);
  return {options, std::move(origin), device, std::move(input), reach};
}

RunDescription Predicting::description(Json options) const {
  options["model"] = model();
  options["dataset"] = input_.dataset;
  options["batch_size"] = input_.batch_size;
  return {std::move(options), input_.dataset_hparams, model_.hparams_json()};
}

void Predicting::sample(const Batch& batch, int64_t samples, int64_t at_once,
                        const std::function<void(const Tensor&)>& take, int64_t first_sample) {
  Rollout rollout(model_, batch, context_frames(), input_.first_video());
  Rollout::Wish wish{.length = sequence_length() - context_frames(),
                     .samples = samples,
                     .first_sample = first_sample,
                     .seed = seed_};
  if (model_.shape.actions > 0 && batch.actions.defined())
    wish.actions = batch.actions.slice(0, context_frames() - 1, sequence_length() - 1);
  rollout.imagine(wish, at_once, [&](const Prediction& futures) { take(futures.images); });
}

}  // namespace savp::cli
