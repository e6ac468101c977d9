#include "cli/listing.h"

#include "cli/flags.h"
#include "savp/datasets/spec.h"
#include "savp/models/models.h"
#include "savp/models/presets.h"

namespace savp::cli {
namespace {

// The rows of a table, or the one that an option names.
template <class Row, class Find>
std::vector<Row> chosen(const HparamsView& options, const char* option, const std::vector<Row>& all,
                        const Find& find) {
  const Json name = options.has(option) ? options.get(option) : Json();
  return name.is_string() ? std::vector<Row>{find(name.get<std::string>())} : all;
}

}  // namespace

std::string list_models() {
  std::string text = "Models (--model)\n";
  for (const auto& entry : models())
    text += concat("  ", entry.name, entry.trainable ? "" : " (nothing to train)", "\n", wrap(entry.about, 6),
                   "\n");
  return text;
}

std::string help_hparams(const HparamsView& options) {
  std::string text =
      "--dataset_hparams and --model_hparams take \"name=value,name=[value,value]\"; the defaults shown are "
      "the "
      "data set's or model's own.\n";
  for (auto spec : chosen(options, "dataset", datasets(), find_dataset))
    text += concat("\nData set ", spec.name, ": ", spec.about, "\n", describe(spec.hparams));
  for (const auto& entry : chosen(options, "model", models(), find_model)) {
    const auto hparams = entry.make_hparams();
    text += concat("\nModel ", entry.name, ": ", entry.about, "\n", describe(entry.view(*hparams)));
  }
  text += "\nPublished hyperparameters (hparams/<name>/model_hparams.json)\n";
  for (const auto& name : preset_names())
    text += concat("  ", name, ", model ", preset_model(name), ": ", preset(name).second.dump(), "\n");
  return text;
}

}  // namespace savp::cli
