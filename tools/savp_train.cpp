#include "savp/cli/run.h"
#include "savp/cli/train.h"

int main(int argc, char** argv) {
  return savp::cli::run<savp::cli::TrainOptions>(argc, argv, savp::cli::train);
}
