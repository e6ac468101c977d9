#include "inference/torch_script_conversion.h"

#include <ATen/ATen.h>

#include <utility>

#include "checkpoints/tensors.h"
#include "core/error.h"
#include "core/log.h"
#include "inference/traced_rollout.h"
#include "io/atomic_file.h"

namespace savp {
namespace {

using Options = TorchScriptConversionOptions;

VideoShape shape_of(const Origin& origin, const Options& options) {
  if (const auto trained = origin.trained_shape()) return *trained;
  const auto [height, width] = options.frame_size;
  SAVP_CHECK(
      height > 0 && width > 0, UsageError, options.checkpoint,
      ": nothing tells the size of its frames: give --frame_size HEIGHT WIDTH (and --channels, --actions, "
      "--states where they are not 3, 0 and 0)");
  return {.channels = options.channels,
          .height = height,
          .width = width,
          .actions = options.actions,
          .states = options.states};
}

OpenModel open(const Options& options) {
  auto origin = Origin::find(options.checkpoint, options.model);
  SAVP_CHECK(origin.entry->trainable, UsageError, "model ", origin.entry->name,
             " has no weights and computes nothing: there is no program to make of it");
  ModelSettings settings{.model_hparams = options.model_hparams.value_or(""),
                         .shape = shape_of(origin, options)};
  if (options.sequence_length) settings.from_dataset["sequence_length"] = *options.sequence_length;
  auto model = open_model(std::move(origin), settings);
  SAVP_CHECK(model.predictor->stochastic() || options.num_stochastic_samples == 1, UsageError,
             "--num_stochastic_samples ", options.num_stochastic_samples, ": model ", model.entry().name,
             " is deterministic with these weights, its futures are all alike: leave the flag out");
  return model;
}

// {"name": "frames", "shape": [2, 1, 3, 64, 64]}
Json described(const std::string& name, const Tensor& value) {
  return {{"name", name}, {"shape", value.sizes().vec()}};
}

Json description(const Options& options, const OpenModel& model, const RolloutInputs& inputs,
                 const Tensor& predicted) {
  Json taken = Json::array();
  for (const auto& [name, value] : named_inputs(inputs)) taken.push_back(described(name, value));
  return {{"version", SAVP_VERSION},
          {"model", model.entry().name},
          {"checkpoint", model.origin.checkpoint->files().back().string()},
          {"model_hparams", model.hparams_json()},
          {"context_frames", model.hparams->context_frames},
          {"sequence_length", model.hparams->sequence_length},
          {"frame_size", {model.shape.height, model.shape.width}},
          {"num_stochastic_samples", options.num_stochastic_samples},
          {"batch_size", options.batch_size},
          {"inputs", taken},
          {"outputs", Json::array({described("predicted", predicted)})}};
}

}  // namespace

void convert_to_torch_script(const Options& options) {
  const auto model = open(options);
  const auto inputs = random_inputs(model, options.batch_size, options.num_stochastic_samples,
                                    static_cast<uint64_t>(options.seed));
  const auto predicted = predicted_frames(model, inputs);
  write_file_atomically(
      options.output, traced_rollout(model, inputs, description(options, model, inputs, predicted).dump(4)));
  if (options.example) {
    auto tensors = named_inputs(inputs);
    tensors.emplace_back("predicted", predicted);
    write_variables(*options.example, tensors, {});
  }
  log::info(concat("model ", model.entry().name, " as a program, ", model.hparams->context_frames,
                   " frames in and ", predicted.size(0), " out, videos: ", options.batch_size,
                   ", futures of each: ", options.num_stochastic_samples, ", is in ", options.output));
}

}  // namespace savp
