#include "cli/report.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  return savp::cli::run<savp::cli::ReportOptions>(argc, argv, savp::cli::report);
}
