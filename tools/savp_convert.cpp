// Converts what other programs have trained.
#include "checkpoints/metric_networks.h"
#include "cli/run.h"

int main(int argc, char** argv) {
  using savp::cli::command;
  return savp::cli::run_commands(
      argc, argv, "converts what other programs have trained",
      {command<savp::MetricWeightsOptions>("metric_weights", savp::convert_metric_weights)});
}
