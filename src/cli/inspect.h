// savp_preprocess inspect: what a data set holds.
#pragma once

#include <optional>
#include <string>

#include "core/hparams.h"

namespace savp::cli {

struct InspectOptions {
  using Self = InspectOptions;
  static constexpr const char* kAbout =
      "shows what a data set holds: the sequences of each split, the features of a record, and a few "
      "sequences as the model sees them, in contact_sheet.png (one row each) and sequences.gif (side "
      "by side)";
  static constexpr const char* kExample = "savp_preprocess inspect --input_dir data/bair";
  using Text = std::optional<std::string>;

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder of records, or of videos, frames or arrays", Required{"DIR"});
  HPARAM(Text, dataset, std::nullopt, "how the records are read; default: detected", Metavar{"NAME"});
  HPARAM(Text, dataset_hparams, std::nullopt, "hyperparameters of the data set, \"name=value,name=value\"",
         Metavar{"TEXT"});
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "inspection", "folder for the images", Metavar{"DIR"});
  HPARAM(int64_t, num_samples, 4, "sequences to show, from the first split there is", (Between{1, 64}));
  HPARAM(int64_t, columns, 12, "frames per row, spread over the sequence", (Between{1, 64}));
  HPARAM(double, fps, 8, "frames per second of the GIF", (Between{0.1, 50}));
};

void inspect(const InspectOptions& options);

}  // namespace savp::cli
