// The toy scene as a data set in the layout of BAIR's records.
#pragma once

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct ToyDataOptions {
  static constexpr double kMostToys = 1e7;
  using Self = ToyDataOptions;
  static constexpr const char* kAbout =
      "makes a toy data set, read as bair: a robot arm pushes coloured blocks in a tray; actions and states "
      "are its commands and positions. The same flags give the same bytes";
  static constexpr const char* kExample = "savp_preprocess toy --output_dir data/toy";

  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/toy", "folder to create, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace an existing data set");
  HPARAM_GROUP(scenes, "Scenes");
  HPARAM(int64_t, num_train, 256, "training sequences", (Between{0, kMostToys}));
  HPARAM(int64_t, num_val, 32, "validation sequences", (Between{0, kMostToys}));
  HPARAM(int64_t, num_test, 32, "test sequences", (Between{0, kMostToys}));
  HPARAM(int64_t, length, 30, "frames per sequence", (Between{2, limits::kFrames}));
  HPARAM(int64_t, size, 64, "height and width of the frames (pixels)", (Between{16, 512}));
  HPARAM(int64_t, blocks, 4, "blocks in the tray, fewer where there is no room", (Between{0, 8}));
  HPARAM(int64_t, seed, 0, "random seed for the scenes", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "scenes rendered at once; 0: one per core", (Between{0, limits::kThreads}));
};

void make_toy_data(const ToyDataOptions& options);

}  // namespace savp
