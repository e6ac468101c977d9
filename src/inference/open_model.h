// A model opened for predicting, apart from flags and from data.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <optional>
#include <string>

#include "checkpoints/run_dir.h"
#include "checkpoints/variable_source.h"
#include "core/video.h"
#include "models/models.h"

namespace savp {

// Where a model comes from, before it is made.
struct Origin {
  const ModelEntry* entry = nullptr;
  std::optional<Checkpoint> checkpoint;             // none: a model without weights
  std::shared_ptr<const VariableSource> variables;  // of the checkpoint, until a model has them

  // `model` is a name; none: what the checkpoint says. Throws UsageError where neither tells, DataError where
  // there is no such checkpoint or it is damaged.
  static Origin find(const std::optional<std::string>& checkpoint, const std::optional<std::string>& model);

  // What results are filed under: the checkpoint's folder, or "model.repeat".
  std::string name() const;

  // What the checkpoint's files say; empty without one.
  HparamsDicts dataset_hparams() const;
  HparamsDicts model_hparams() const;

  // What the model was trained on; none where there is no checkpoint or it does not tell.
  std::optional<VideoShape> trained_shape() const;

  // By the one order of precedence: defaults, the checkpoint, what the data dictates, the text. Throws
  // UsageError for unknown and impossible ones.
  std::unique_ptr<ModelHparams> hparams(const Json& from_dataset, const std::string& text) const;
};

struct ModelSettings {
  Json from_dataset = Json::object();  // context_frames, sequence_length, repeat
  std::string model_hparams;           // "name=value,name=[value,value]"; these win
  VideoShape shape;                    // of the videos to continue
  at::Device device = at::kCPU;
};

// Ready to predict on `device`. Several threads may use it, each with rollouts of its own.
struct OpenModel {
  Origin origin;
  std::unique_ptr<ModelHparams> hparams;
  VideoShape shape;
  at::Device device;
  std::shared_ptr<VideoPredictor> predictor;

  const ModelEntry& entry() const { return *origin.entry; }
  Json hparams_json() const { return entry().view(*hparams).to_json(); }
};

// Reads the weights. Throws UsageError where a model with weights comes without a checkpoint, DataError where
// its weights do not fit.
OpenModel open_model(Origin origin, const ModelSettings& settings);

}  // namespace savp
