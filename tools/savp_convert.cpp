// Converts checkpoints to and from the formats of others, and what other programs have trained.
#include "checkpoints/conversion.h"
#include "checkpoints/metric_networks.h"
#include "cli/run.h"
#include "inference/torch_script_conversion.h"

int main(int argc, char** argv) {
  using savp::cli::command;
  return savp::cli::run_commands(
      argc, argv, "converts checkpoints, and networks that other programs have trained",
      {command<savp::TfConversionOptions>("tf", savp::convert_to_tf),
       command<savp::SavpConversionOptions>("savp", savp::convert_to_savp),
       command<savp::SafetensorsConversionOptions>("safetensors", savp::convert_to_safetensors),
       command<savp::TorchScriptConversionOptions>("torchscript", savp::convert_to_torch_script),
       command<savp::MetricWeightsOptions>("metric_weights", savp::convert_metric_weights)});
}
