#include "cli/bench.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  return savp::cli::run<savp::cli::BenchOptions>(argc, argv, savp::cli::bench);
}
