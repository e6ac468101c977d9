// What was read from videos, frames and arrays that are used as they are, and is kept as records.
#pragma once

#include "core/hparams.h"

namespace savp {

struct CacheOptions {
  using Self = CacheOptions;
  static constexpr const char* kAbout =
      "lists the cached records of videos that are used without savp_preprocess: size, sequences, the "
      "version that made them, and their source folder. Leftovers of killed processes are removed";
  static constexpr const char* kExample = "savp_preprocess cache --clear";

  HPARAM(bool, clear, false, "remove all entries that are not in use; they are made again when needed");
  HPARAM(bool, clear_unused, false,
         "remove the entries whose videos are gone, have changed or were read by another version");
};

// Prints to standard output.
void show_cache(const CacheOptions& options);

}  // namespace savp
