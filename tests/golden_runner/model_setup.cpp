#include "golden_runner/model_setup.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <set>

#include "checkpoints/tf_names.h"
#include "core/error.h"
#include "golden_runner/layouts.h"

namespace savp::golden {
namespace {

// What the reference lists but does not heed, and its value that changes nothing.
const std::pair<const char*, Json> kWithoutEffect[] = {{"dilation_rate", {1, 1}}};

NamedState state_of(const Generator& generator) {
  NamedState state;
  for (const auto& entry : generator.named_parameters())
    state.emplace_back("generator/" + entry.key(), entry.value());
  for (const auto& entry : generator.named_buffers())
    state.emplace_back("generator/" + entry.key(), entry.value());
  return state;
}

}  // namespace

ModelSetup set_up_model(const Case& recorded) {
  ModelSetup setup;
  setup.entry = &find_model(recorded.json()["model"].get<std::string>());
  setup.hparams = setup.entry->make_hparams();
  auto view = setup.entry->view(*setup.hparams);
  view.override_from_json(recorded.json()["hparams"], recorded.name());
  for (const auto& [name, value] : kWithoutEffect)
    if (view.has(name)) view.set(name, value);
  setup.shape = batch_of(recorded).shape();
  return setup;
}

void load_variables(const NamedState& state, const Case& recorded, bool (*required)(const std::string&),
                    Comparison& comparison) {
  torch::NoGradGuard no_grad;
  const auto recorded_names = recorded.names("vars");
  std::set<std::string> unused(recorded_names.begin(), recorded_names.end());
  for (const auto& [our_name, tensor] : state) {
    const auto name = tf_names::from_ours(our_name);
    if (unused.erase(name) == 0) {
      if (required(name)) comparison.problem("variable " + name + " is not in the case");
      continue;
    }
    auto target = tensor;
    const auto value = tf_names::to_our_layout(name, recorded.tensor("vars/" + name));
    if (target.sizes() == value.sizes() || (target.numel() == 1 && value.numel() == 1))
      target.copy_(value.reshape(target.sizes()));
    else
      comparison.problem(
          concat("variable ", name, " has the shape ", target.sizes(), " instead of ", value.sizes()));
  }
  for (const auto& name : unused)  // the reference also has weights of layers without an input
    if (recorded.tensor("vars/" + name).numel() > 0)
      comparison.problem("variable " + name + " of the case has no place in the model");
}

std::shared_ptr<Generator> make_generator(const ModelSetup& setup, const Case& recorded,
                                          Comparison& comparison) {
  auto generator = setup.entry->make_generator(*setup.hparams, setup.shape);
  generator->to(device());
  generator->eval();
  // The reference makes SV2P's posterior for training only.
  const auto for_prediction = [](const std::string& name) { return !name.starts_with("generator/latent_"); };
  load_variables(state_of(*generator), recorded, for_prediction, comparison);
  return generator;
}

Prediction shown_and_imagined(VideoPredictor& predictor, const Batch& batch, int64_t context_frames) {
  RolloutNoise noise(batch.images.device(), /*seed=*/1, {.videos = batch.batch_size()});
  const auto actions = batch.actions.defined() ? batch.actions.slice(0, context_frames - 1) : Tensor();
  const auto imagined =
      predictor.start(batch, context_frames)->imagine(actions, batch.images.size(0) - context_frames, noise);
  const auto after = [&](const Tensor& shown, const Tensor& more) {
    return more.defined() ? torch::cat({shown.slice(0, 1, context_frames), more}) : Tensor();
  };
  return {.images = after(batch.images, imagined.images),
          .pix_distribs = after(batch.pix_distribs, imagined.pix_distribs)};
}

}  // namespace savp::golden
