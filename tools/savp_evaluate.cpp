#include "cli/evaluate.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  return savp::cli::run<savp::cli::EvaluateOptions>(argc, argv, savp::cli::evaluate);
}
