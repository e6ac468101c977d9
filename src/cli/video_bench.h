// How fast videos become records.
#pragma once

#include "core/hparams.h"
#include "core/limits.h"

namespace savp::cli {

struct VideoBenchOptions {
  using Self = VideoBenchOptions;
  static constexpr const char* kAbout =
      "measures how fast videos are decoded and converted to records, by 1, 2, 4 ... threads. Prints one "
      "JSON line for each number of threads";
  static constexpr const char* kExample = "savp_preprocess bench --input_dir ~/Videos --size 64";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "",
         "folder that is searched for videos; empty: GIFs made for the measurement", Metavar{"DIR"});
  HPARAM(int64_t, size, 64, "height and width of the resulting frames (pixels)",
         (Between{8, limits::kPixels}));
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "files read at once, at most; 0: one per core", (Between{0, limits::kThreads}));
  HPARAM(double, seconds, 1, "shortest duration of a measurement (seconds)", (Between{0, 3600}));
};

// What is read is in the system's cache then: the disk is not what is measured.
void bench_videos(const VideoBenchOptions& options);

}  // namespace savp::cli
