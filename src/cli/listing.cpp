#include "cli/listing.h"

#include <algorithm>

#include "cli/flags.h"
#include "models/models.h"
#include "models/presets.h"
#include "records/spec.h"

namespace savp::cli {
namespace {

// The rows of a table, or the one that an option names.
template <class Row, class Find>
std::vector<Row> chosen(const HparamsView& options, const char* option, const std::vector<Row>& all,
                        const Find& find) {
  const Json name = options.has(option) ? options.get(option) : Json();
  return name.is_string() ? std::vector<Row>{find(name.get<std::string>())} : all;
}

// With spaces, at which it can be broken.
std::string one_line(const Json& values) {
  std::string text;
  for (const auto& [name, value] : values.items())
    text += concat(text.empty() ? "" : ", ", name, "=", value.dump());
  return text;
}

// Whether a data set, or a model, has a hyperparameter of that name.
bool is_dataset_hparam(const std::string& name) {
  return std::any_of(datasets().begin(), datasets().end(),
                     [&](DatasetSpec spec) { return spec.view(spec.hparams).has(name); });
}
bool is_model_hparam(const std::string& name) {
  return std::any_of(models().begin(), models().end(), [&](const ModelEntry& entry) {
    const auto hparams = entry.make_hparams();
    return entry.view(*hparams).has(name);
  });
}

}  // namespace

std::string hparam_instead(const HparamsView& options, const std::string& name, const std::string& value) {
  constexpr std::pair<const char*, bool (*)(const std::string&)> kKinds[] = {
      {"dataset_hparams", is_dataset_hparam}, {"model_hparams", is_model_hparam}};
  for (const auto& [flag, is_one] : kKinds)
    if (options.has(flag) && is_one(name))
      return concat("it is a hyperparameter: give --", flag, " ", name, "=", value.empty() ? "VALUE" : value);
  return "";
}

std::vector<std::string> known_values(const std::string& option) {
  std::vector<std::string> names;
  if (option == "model")
    for (const auto& entry : models()) names.push_back(entry.name);
  if (option == "dataset")
    for (const auto& spec : datasets()) names.push_back(spec.name);
  if (option == "preset") {
    names = preset_names();
    names.emplace_back("small");
  }
  if (option == "device") names = {"auto", "cpu", "cuda"};
  return names;
}

std::vector<std::string> known_hparams(const std::string& option) {
  std::vector<std::string> names;
  const auto add = [&](const HparamsView& hparams) {
    for (const auto& name : hparams.names())
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (option == "dataset_hparams")
    for (auto spec : datasets()) add(spec.view(spec.hparams));
  if (option == "model_hparams")
    for (const auto& entry : models()) add(entry.view(*entry.make_hparams()));
  return names;
}

std::string list_models() {
  std::string text = "Models (--model)\n";
  for (const auto& entry : models())
    text += concat("  ", entry.name, entry.trainable ? "" : " (nothing to train)", "\n",
                   wrap(entry.about, 6, screen_columns()), "\n");
  return text;
}

std::string help_hparams(const HparamsView& options) {
  std::string text =
      "--dataset_hparams and --model_hparams take \"name=value,name=[value,value]\"; the defaults shown are "
      "the data "
      "set's or model's own.\n";
  for (auto spec : chosen(options, "dataset", datasets(), find_dataset))
    text += concat("\nData set ", spec.name, ": ", spec.about, "\n", describe(spec.view(spec.hparams)));
  for (const auto& entry : chosen(options, "model", models(), find_model)) {
    const auto hparams = entry.make_hparams();
    text += concat("\nModel ", entry.name, ": ", entry.about, "\n", describe(entry.view(*hparams)));
  }
  const auto add = [&](const std::string& name) {
    text += concat("  ", name, ", model ", preset_model(name), ": {", one_line(preset(name).second), "}\n");
  };
  text += "\nPublished hyperparameters (--preset NAME; hparams/NAME/model_hparams.json)\n";
  for (const auto& name : preset_names()) add(name);
  text += "\nFor a first look, minutes on a CPU (--preset small)\n";
  add("small");
  return text;
}

}  // namespace savp::cli
