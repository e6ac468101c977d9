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
      "reads all of a data set: every record's checksums, features, sizes, numbers and pictures, the counts "
      "that "
      "file names, sequence_lengths.txt and dataset.json give, and the files' checksums in dataset.json. One "
      "line "
      "for each finding, and exit code 3 if there are any";
  static constexpr const char* kExample = "savp_preprocess verify --input_dir data/bair";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder with record files, or with subfolders that hold them",
         Required{"DIR"});
  HPARAM(std::optional<std::string>, dataset, std::nullopt, "what the records are; inferred unless given",
         Metavar{"NAME"});
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "files read at once; 0: one a core", (Between{0, limits::kThreads}));
};

// Prints a summary. Throws DataError where there are findings, after a line for each.
void verify_data(const VerifyOptions& options);

}  // namespace savp
