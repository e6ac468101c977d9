// Whether a data set is sound.
#pragma once

#include <optional>
#include <string>

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct VerifyOptions {
  using Self = VerifyOptions;
  static constexpr const char* kAbout =
      "reads a whole data set and checks every record (checksums, features, sizes, numbers, images), the "
      "counts in file names, sequence_lengths.txt and dataset.json, and the file checksums in dataset.json. "
      "Prints one line for each finding; exit code 3 if there are any";
  static constexpr const char* kExample = "savp_preprocess verify --input_dir data/bair";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder with record files, or with subfolders that hold them",
         Required{"DIR"});
  HPARAM(std::optional<std::string>, dataset, std::nullopt, "how the records are read; default: detected",
         Metavar{"NAME"});
  HPARAM(std::string, image_key, "", "camera whose frames are checked, of rlds; empty: the usual one",
         Metavar{"NAME"});
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "files read at once; 0: one per core", (Between{0, limits::kThreads}));
};

// Prints a summary. Throws DataError where there are findings, after a line for each.
void verify_data(const VerifyOptions& options);

}  // namespace savp
