#include "cli/run.h"
#include "cli/train.h"

int main(int argc, char** argv) {
  return savp::cli::run<savp::cli::TrainOptions>(argc, argv, savp::cli::train);
}
