#include "cli/generate.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  return savp::cli::run<savp::cli::GenerateOptions>(argc, argv, savp::cli::generate);
}
