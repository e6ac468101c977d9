// What there is to choose from: models, data sets and their hyperparameters.
#pragma once

#include <string>

#include "savp/core/hparams.h"

namespace savp::cli {

// One line a model.
std::string list_models();

// Every hyperparameter of every data set and model, or of those alone that --dataset and --model name.
std::string help_hparams(const HparamsView& options);

}  // namespace savp::cli
