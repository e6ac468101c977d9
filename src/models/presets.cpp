#include "savp/models/presets.h"

#include "savp/core/text.h"

namespace savp {
namespace {

struct Preset {
  const char* name;
  const char* model;
  const char* json;
};

constexpr Preset kPresets[] = {
#include "models/presets.inc"
};

// Data sets that have values of their own; the others take those of BAIR.
constexpr std::pair<const char*, const char*> kSuited[] = {{"kth", "kth/ours_savp"}};
constexpr const char* kUsual = "bair_action_free/ours_savp";

const Preset& find_preset(const std::string& name) {
  for (const auto& preset : kPresets)
    if (preset.name == name) return preset;
  throw UsageError(concat("unknown preset ", name, did_you_mean(name, preset_names())));
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

std::pair<std::string, Json> preset(const std::string& name) {
  return {concat("hparams/", name), Json::parse(find_preset(name).json)};
}

std::string preset_model(const std::string& name) { return find_preset(name).model; }

std::string preset_for(const std::string& dataset) {
  for (const auto& [suited, name] : kSuited)
    if (dataset == suited) return name;
  return kUsual;
}

}  // namespace savp
