// UCF-101 as a data set.
#pragma once

#include <string>

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct Ucf101DataOptions {
  using Self = Ucf101DataOptions;
  static constexpr const char* kAbout =
      "makes the UCF-101 data set from the published videos and lists; test_mathieu is every tenth video of "
      "the first test list";
  static constexpr const char* kExample =
      "savp_preprocess ucf101 --input_dir data/UCF-101 --lists_dir data/ucfTrainTestlist "
      "--output_dir data/ucf101";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder of class folders of videos", Required{"DIR"});
  HPARAM(std::string, lists_dir, "", "folder with trainlist*.txt and testlist*.txt", Required{"DIR"});
  HPARAM(int64_t, fold, 0,
         "use trainlist0N.txt and testlist0N.txt alone; 0: all lists, as published (the training split then "
         "contains their test videos)",
         (Between{0, 9}));
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/ucf101",
         "folder to create, with train, val, test and test_mathieu in it", Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace an existing data set");
  HPARAM(int64_t, seed, 0, "random seed of the validation split", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(bool, skip_bad_videos, false, "leave damaged videos out instead of stopping");
  HPARAM(int64_t, threads, 0, "videos read at once; 0: one per core", (Between{0, limits::kThreads}));
};

void make_ucf101_data(const Ucf101DataOptions& options);

}  // namespace savp
