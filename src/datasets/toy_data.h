// The toy scene as a data set in the layout of BAIR's records.
#pragma once

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct ToyDataOptions {
  static constexpr double kMostToys = 1e7;
  using Self = ToyDataOptions;
  static constexpr const char* kAbout =
      "makes a toy data set, readable as bair: a robot arm pushes coloured blocks about in a tray, with its "
      "commands and "
      "positions; the same flags give the same bytes";
  static constexpr const char* kExample = "savp_preprocess toy --output_dir data/toy";

  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/toy", "folder to make, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace a data set that is there already");
  HPARAM_GROUP(scenes, "Scenes");
  HPARAM(int64_t, num_train, 256, "sequences to train on", (Between{0, kMostToys}));
  HPARAM(int64_t, num_val, 32, "sequences to validate on", (Between{0, kMostToys}));
  HPARAM(int64_t, num_test, 32, "sequences to test on", (Between{0, kMostToys}));
  HPARAM(int64_t, length, 30, "frames a sequence", (Between{2, limits::kFrames}));
  HPARAM(int64_t, size, 64, "pixels, height and width", (Between{16, 512}));
  HPARAM(int64_t, blocks, 4, "blocks in the tray, as far as there is room", (Between{0, 8}));
  HPARAM(int64_t, seed, 0, "another seed gives other scenes", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "scenes drawn at once; 0: one a core", (Between{0, limits::kThreads}));
};

void make_toy_data(const ToyDataOptions& options);

}  // namespace savp
