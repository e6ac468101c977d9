// What there is to choose from: models, data sets and their hyperparameters.
#pragma once

#include <string>

#include "core/hparams.h"

namespace savp::cli {

// One line a model.
std::string list_models();

// Every hyperparameter of every data set and model, or of those alone that --dataset and --model name.
std::string help_hparams(const HparamsView& options);

// What to type where somebody takes a hyperparameter for a flag: "it is a hyperparameter: give
// --model_hparams lr=0.1"; nothing where the tool has no such hyperparameter.
std::string hparam_instead(const HparamsView& options, const std::string& name, const std::string& value);

}  // namespace savp::cli
