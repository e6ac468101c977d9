// The KTH human actions as a data set.
#pragma once

#include <optional>
#include <string>

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct KthDataOptions {
  using Self = KthDataOptions;
  static constexpr const char* kAbout =
      "makes the KTH human actions data set from the published videos (personNN_ACTION_dM_uncomp.avi): "
      "persons 1 "
      "to 16 to train and validate with, 17 to 25 to test";
  static constexpr const char* kExample =
      "savp_preprocess kth --input_dir data/kth_raw --output_dir data/kth";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder with the unpacked videos, at any depth", Required{"DIR"});
  HPARAM(std::optional<std::string>, meta_dir, std::nullopt,
         "folder with the published metadata, ACTION/train_metaSxS.pkl and test_metaSxS.pkl, which names the "
         "parts of each video with somebody in view; whole videos unless given",
         Metavar{"DIR"});
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/kth", "folder to make, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace a data set that is there already");
  HPARAM(int64_t, size, 64, "pixels, height and width", (Between{8, 512}));
  HPARAM(int64_t, seed, 0, "of the choice of videos to validate with", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(bool, skip_bad_videos, false, "leave damaged videos out instead of stopping");
  HPARAM(int64_t, threads, 0, "videos read at once; 0: one a core", (Between{0, limits::kThreads}));
};

void make_kth_data(const KthDataOptions& options);

}  // namespace savp
