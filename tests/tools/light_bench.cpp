// savp_bench as it is built without OpenCV and FFmpeg: everything of it but the reading of videos does
// without them.
#include "cli/bench.h"
#include "cli/run.h"
#include "core/without_video.h"

int main(int argc, char** argv) {
  using savp::cli::BenchOptions;
  return savp::cli::run<BenchOptions>(argc, argv, [](const BenchOptions& options) {
    savp::cli::bench(options,
                     [](const savp::cli::VideoBenchOptions&) { savp::needs_video("videos are read"); });
  });
}
