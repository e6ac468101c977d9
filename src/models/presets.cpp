#include "models/presets.h"

#include <stdexcept>

#include "core/text.h"

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

constexpr const char* kSmall = "small";
// What differs from bair_action_free/ours_savp: a small network and short schedules; flows, and no
// normalisation where latents enter, because they learn sooner.
constexpr const char* kSmallChanges = R"({
  "ngf": 16, "ndf": 8, "nef": 64, "nz": 4, "n_layers": 1, "use_rnn_z": false, "transformation": "flow",
  "conv_rnn_norm_layer": "none", "clip_length": 4, "kl_weight": 0.002, "kl_anneal_steps": [650, 900],
  "batch_size": 4, "max_steps": 1000, "lr": 0.001, "beta1": 0.9, "decay_steps": [700, 1000],
  "schedule_sampling_k": 250
})";

// The first row that fits is taken: published for this data, or for what comes nearest to it.
struct Suited {
  const char* dataset;  // empty: any
  bool actions;
  const char* preset;
  const char* why;
};
constexpr Suited kSuited[] = {
    {"kth", false, "kth/ours_savp", "published for KTH"},
    {"bair", false, "bair_action_free/ours_savp", "published for BAIR without actions"},
    {"bair", true, "bair/ours_savp",
     "published for BAIR with actions and states, which use_state=true gives"},
    {"", true, "bair/ours_savp", "published for BAIR with actions; nothing was published for such data"},
    {"", false, "bair_action_free/ours_savp",
     "published for BAIR without actions; nothing was published for such data"},
};

constexpr int64_t kUsualClipLength = 10;  // where a preset does not say it
constexpr int64_t kShortestClip = 4;      // that the video discriminator can see
constexpr const char* kVideoWeights[] = {"video_sn_gan_weight", "video_sn_vae_gan_weight",
                                         "gan_feature_cdist_weight", "vae_gan_feature_cdist_weight"};

const Preset& find_preset(const std::string& name) {
  for (const auto& preset : kPresets)
    if (preset.name == name) return preset;
  auto known = preset_names();
  known.emplace_back(kSmall);
  throw UsageError(concat("unknown preset ", name, did_you_mean(name, known)));
}

const Suited& suited(const DataTraits& data) {
  const bool actions = data.actions > 0 || data.states > 0;
  for (const auto& row : kSuited)
    if ((data.dataset == row.dataset || *row.dataset == '\0') && actions == row.actions) return row;
  throw std::logic_error("data without a preset");
}

// What a preset asks of the data that they do not give.
void fit(PresetChoice& choice, const DataTraits& data) {
  auto& values = choice.values;
  const auto set = [&](const char* name, const Json& value, const std::string& because) {
    values[name] = value;
    choice.why += concat("; ", name, "=", value.dump(), " because ", because);
  };
  if (data.states == 0 && values.value("state_weight", 0.0) > 0)
    set("state_weight", 0.0, "the data has no states");
  const auto longest = data.sequence_length - 1;
  if (longest >= 1 && longest < kShortestClip)
    for (const char* weight : kVideoWeights)
      if (values.value(weight, 0.0) > 0)
        set(weight, 0.0, "sequences are too short for the video discriminator");
  if (longest >= 1 && preset_model(choice.name) == "savp" &&
      values.value("clip_length", kUsualClipLength) > longest)
    set("clip_length", longest, concat("sequences have ", data.sequence_length, " frames"));
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

std::pair<std::string, Json> preset(const std::string& name) {
  if (name == kSmall) {
    auto values = Json::parse(find_preset("bair_action_free/ours_savp").json);
    values.update(Json::parse(kSmallChanges));
    return {"the preset small", std::move(values)};
  }
  return {concat("hparams/", name), Json::parse(find_preset(name).json)};
}

std::string preset_model(const std::string& name) {
  return name == kSmall ? "savp" : find_preset(name).model;
}

PresetChoice choose_preset(const DataTraits& data, const std::optional<std::string>& wanted) {
  PresetChoice choice;
  if (wanted) {
    choice = {*wanted, preset(*wanted).second, "as --preset says"};
  } else {
    const auto& row = suited(data);
    choice = {row.preset, preset(row.preset).second, row.why};
  }
  fit(choice, data);
  return choice;
}

}  // namespace savp
