#include "cli/bench.h"
#include "cli/run.h"
#include "cli/video_bench.h"

int main(int argc, char** argv) {
  using savp::cli::BenchOptions;
  return savp::cli::run<BenchOptions>(
      argc, argv, [](const BenchOptions& options) { savp::cli::bench(options, savp::cli::bench_videos); });
}
