// Makes data sets: from one's own videos, or a toy one out of nothing.
#include "savp/cli/run.h"
#include "savp/datasets/toy_data.h"
#include "savp/datasets/video_data.h"

int main(int argc, char** argv) {
  using savp::cli::command;
  return savp::cli::run_commands(argc, argv, "makes data sets to train on",
                                 {command<savp::VideoDataOptions>("videos", savp::make_video_data),
                                  command<savp::ToyDataOptions>("toy", savp::make_toy_data)});
}
