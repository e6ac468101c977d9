// Published hyperparameters of models, built in so that an installed tool needs no files beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"

namespace savp {

// "bair_action_free/ours_savp", ...: the folders of hparams/, those published. Beside them there is "small",
// for a first look.
std::vector<std::string> preset_names();

// Where it comes from and its values, for resolve_hparams. Throws UsageError for an unknown name, naming
// near misses.
std::pair<std::string, Json> preset(const std::string& name);

// The model that it is for.
std::string preset_model(const std::string& name);

// What a data set gives, as far as the choice depends on it. The published ones are for 64x64 pixels; they
// are taken for frames of any size.
struct DataTraits {
  std::string dataset;              // its name
  int64_t actions = 0, states = 0;  // numbers a step
  int64_t sequence_length = 0;      // frames; 0: not known
};

struct PresetChoice {
  std::string name;  // "bair/ours_savp"
  Json values;
  std::string why;  // "published for KTH; clip_length=5 because sequences have 6 frames"
};

// The preset of the model `savp` that suits the data, or the one that is wanted ("small" among them), without
// what the data cannot serve. Throws UsageError for an unknown name.
PresetChoice choose_preset(const DataTraits& data, const std::optional<std::string>& wanted = std::nullopt);

}  // namespace savp
