// Published hyperparameters of models, built in so that an installed tool needs no files beside it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "savp/core/hparams.h"

namespace savp {

// "bair_action_free/ours_savp", ...: the folders of hparams/.
std::vector<std::string> preset_names();

// Where it comes from and its values, for resolve_hparams. Throws UsageError for an unknown name, naming near
// misses.
std::pair<std::string, Json> preset(const std::string& name);

// The model that it is for.
std::string preset_model(const std::string& name);

// The preset of the model `savp` that suits a data set.
std::string preset_for(const std::string& dataset);

}  // namespace savp
