// Makes data sets, from published ones, from one's own videos or out of nothing, and looks at them.
#include "cli/inspect.h"
#include "cli/run.h"
#include "cli/video_bench.h"
#include "making/bair_data.h"
#include "making/cache_listing.h"
#include "making/kth_data.h"
#include "making/toy_data.h"
#include "making/ucf101_data.h"
#include "making/verification.h"
#include "making/video_data.h"

int main(int argc, char** argv) {
  using savp::cli::command;
  return savp::cli::run_commands(argc, argv, "makes data sets to train on, and looks at them",
                                 {command<savp::VideoDataOptions>("videos", savp::make_video_data),
                                  command<savp::BairDataOptions>("bair", savp::make_bair_data),
                                  command<savp::KthDataOptions>("kth", savp::make_kth_data),
                                  command<savp::Ucf101DataOptions>("ucf101", savp::make_ucf101_data),
                                  command<savp::ToyDataOptions>("toy", savp::make_toy_data),
                                  command<savp::VerifyOptions>("verify", savp::verify_data),
                                  command<savp::cli::InspectOptions>("inspect", savp::cli::inspect),
                                  command<savp::CacheOptions>("cache", savp::show_cache),
                                  command<savp::cli::VideoBenchOptions>("bench", savp::cli::bench_videos)});
}
