#include "inference/open_model.h"

#include <utility>
#include <vector>

#include "checkpoints/tensors.h"
#include "checkpoints/variables.h"
#include "checkpoints/video_shape.h"
#include "core/error.h"
#include "core/log.h"

namespace savp {
namespace {

// Averaged weights predict, where there are any. Returns whether there were.
bool prefer_averages(NamedTensors& variables, const VariableSource& source) {
  bool found = false;
  for (auto& [name, variable] : variables)
    if (const auto average = average_name(name); source.has(average)) {
      name = average;
      found = true;
    }
  return found;
}

std::shared_ptr<VideoPredictor> make_predictor(const OpenModel& model) {
  const auto& entry = model.entry();
  if (!entry.trainable) return entry.make_predictor(*model.hparams);
  const auto& source = model.origin.variables;
  SAVP_CHECK(source, UsageError, "model ", entry.name, " needs its weights: give a checkpoint");
  auto generator = entry.make_generator(*model.hparams, model.shape);
  generator->to(model.device);
  Leniency leniency{.unused = true};  // discriminators and optimizers
  for (const auto& name : generator->training_only())
    leniency.optional.push_back(variable_name(kGeneratorScope, name));
  auto variables = named_parameters(kGeneratorScope, *generator);
  const bool averaged = prefer_averages(variables, *source);
  const auto buffers = named_buffers(kGeneratorScope, *generator);
  variables.insert(variables.end(), buffers.begin(), buffers.end());
  restore(*source, variables, leniency);
  log::info(concat("model ", entry.name, " from ", source->where(), averaged ? " (averaged weights)" : ""));
  return generator;
}

}  // namespace

Origin Origin::find(const std::optional<std::string>& checkpoint, const std::optional<std::string>& model) {
  Origin origin;
  if (checkpoint) origin.checkpoint = Checkpoint::open(*checkpoint);
  SAVP_CHECK(model || checkpoint, UsageError,
             "a checkpoint must be given, or a model that needs none (repeat, ground_truth)");
  origin.entry = &find_model(model ? *model : origin.checkpoint->option("model"));
  if (checkpoint && origin.entry->trainable)
    origin.variables = std::make_shared<VariableSource>(VariableSource::open(*origin.checkpoint));
  return origin;
}

std::string Origin::name() const { return checkpoint ? checkpoint->name() : "model." + entry->name; }

HparamsDicts Origin::dataset_hparams() const { return hparams_dicts(HparamsOf::kDataset, checkpoint); }
HparamsDicts Origin::model_hparams() const { return hparams_dicts(HparamsOf::kModel, checkpoint); }

std::optional<VideoShape> Origin::trained_shape() const {
  if (!variables) return std::nullopt;
  return shape_from(variables->metadata(), variables->where());
}

std::unique_ptr<ModelHparams> Origin::hparams(const Json& from_dataset, const std::string& text) const {
  auto settled = entry->make_hparams();
  resolve_hparams(entry->view(*settled),
                  {.dicts = model_hparams(), .from_dataset = from_dataset, .texts = {text}},
                  deprecated_hparams());
  return settled;
}

OpenModel open_model(Origin origin, const ModelSettings& settings) {
  auto hparams = origin.hparams(settings.from_dataset, settings.model_hparams);
  OpenModel model{.origin = std::move(origin),
                  .hparams = std::move(hparams),
                  .shape = settings.shape,
                  .device = settings.device,
                  .predictor = {}};
  model.predictor = make_predictor(model);
  model.origin.variables.reset();
  return model;
}

}  // namespace savp
