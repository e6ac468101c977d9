// The table of models: a new one is a file and a row in models.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "core/video.h"
#include "models/discriminators.h"
#include "models/generator.h"
#include "models/predictor.h"

namespace savp {

struct ModelEntry {
  std::string name;                  // --model
  std::vector<std::string> aliases;  // class names of the published implementation
  std::string about;                 // one line for --list_models
  bool trainable = false;
  std::function<std::unique_ptr<ModelHparams>()> make_hparams;  // with the model's defaults
  std::function<std::unique_ptr<ModelHparams>(const ModelHparams&)> copy_hparams;
  std::function<HparamsView(ModelHparams&)> view;  // all fields of what make_hparams made
  std::function<std::unique_ptr<VideoPredictor>(const ModelHparams&)>
      make_predictor;  // models without weights
  // Trainable models; sizes from the data. Weights are drawn from LibTorch's default generator.
  std::function<std::shared_ptr<Generator>(const ModelHparams&, const VideoShape&)> make_generator;
  std::function<std::shared_ptr<DiscriminatorSet>(const ModelHparams&, const VideoShape&)>
      make_discriminators;
};

const std::vector<ModelEntry>& models();

// Throws UsageError for an unknown name, naming near misses.
const ModelEntry& find_model(const std::string& name);

// Keys that old hyperparameter files of a model may hold and that mean nothing any more.
const std::vector<std::string>& deprecated_hparams();

}  // namespace savp
