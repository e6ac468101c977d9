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
      "persons 1 to 16 for training and validation, 17 to 25 for testing";
  static constexpr const char* kExample =
      "savp_preprocess kth --input_dir data/kth_raw --output_dir data/kth";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder with the unpacked videos, at any depth", Required{"DIR"});
  HPARAM(std::optional<std::string>, meta_dir, std::nullopt,
         "folder with the published metadata, ACTION/train_metaSxS.pkl and test_metaSxS.pkl, which lists the "
         "frames of each video with somebody in view; default: whole videos",
         Metavar{"DIR"});
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/kth", "folder to create, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace an existing data set");
  HPARAM(int64_t, size, 64, "height and width of the frames (pixels)", (Between{8, 512}));
  HPARAM(int64_t, seed, 0, "random seed of the validation split", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(bool, skip_bad_videos, false, "leave damaged videos out instead of stopping");
  HPARAM(int64_t, threads, 0, "videos read at once; 0: one per core", (Between{0, limits::kThreads}));
};

void make_kth_data(const KthDataOptions& options);

}  // namespace savp
