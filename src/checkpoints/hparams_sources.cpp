#include "checkpoints/hparams_sources.h"

#include <cmath>

#include "core/error.h"
#include "io/json_text.h"

namespace savp {

std::pair<std::string, Json> read_hparams_file(const std::filesystem::path& path) {
  auto values = read_json(path);
  SAVP_CHECK(values.is_object(), DataError, path.string(), ": a JSON object of hyperparameters is expected");
  return {path.string(), std::move(values)};
}

Json dictated_hparams(int64_t context_frames, int64_t sequence_length, int64_t time_shift) {
  return {{"context_frames", context_frames}, {"sequence_length", sequence_length}, {"repeat", time_shift}};
}

namespace {

// JSON has no word for other numbers: what a run was trained with could not be told.
void check_finite(const HparamsView& hparams, const std::string& flag) {
  const auto all = hparams.to_json();
  const auto check = [&](const std::string& name, const Json& value) {
    SAVP_CHECK(!value.is_number_float() || std::isfinite(value.get<double>()), UsageError, flag, ": ", name,
               "=", value.get<double>(), " is not finite");
  };
  for (const auto& [name, value] : all.items())
    for (const auto& number : value) check(name, number);  // of a list, or itself
}

void override_from(HparamsView& hparams, const HparamsDicts& dicts,
                   const std::vector<std::string>& deprecated) {
  for (const auto& [where, values] : dicts) {
    Json known = values;
    for (const auto& key : deprecated) known.erase(key);
    hparams.override_from_json(known, where);
  }
}

}  // namespace

void resolve_hparams(HparamsView hparams, const HparamsSources& sources,
                     const std::vector<std::string>& deprecated) {
  override_from(hparams, sources.preset, deprecated);
  override_from(hparams, sources.dicts, deprecated);
  hparams.override_from_json(sources.from_dataset, "the data set");
  for (const auto& text : sources.texts) hparams.override_from_text(text, sources.flag);
  hparams.override_from_json(sources.flags, "flags");
  check_finite(hparams, sources.flag);
}

}  // namespace savp
