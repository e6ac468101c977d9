// What there is to choose from: models, data sets and their hyperparameters.
#pragma once

#include <string>
#include <vector>

#include "core/hparams.h"

namespace savp::cli {

// One line a model.
std::string list_models();

// Every hyperparameter of every data set and model, or of those alone that --dataset and --model name.
std::string help_hparams(const HparamsView& options);

// What to type where somebody takes a hyperparameter for a flag: "it is a hyperparameter: give
// --model_hparams lr=0.1"; nothing where the tool has no such hyperparameter.
std::string hparam_instead(const HparamsView& options, const std::string& name, const std::string& value);

// The values that there are for an option of that name ("model": savp, dna ...); empty where any is possible.
std::vector<std::string> known_values(const std::string& option);

// The hyperparameters that an option of that name sets ("model_hparams": batch_size, lr ...), each once;
// else empty.
std::vector<std::string> known_hparams(const std::string& option);

}  // namespace savp::cli
