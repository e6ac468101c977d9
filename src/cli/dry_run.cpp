#include "cli/dry_run.h"

#include <torch/nn/module.h>

#include <chrono>
#include <cmath>
#include <iostream>

#include "cli/facts.h"
#include "core/device.h"
#include "core/progress.h"

namespace savp::cli {
namespace {

// Memory of the host settles after some: what is freed does not fit all that is needed next.
constexpr int kSteps = 4;

// Of one step, the device's work included.
double seconds_of_step(Trainer& trainer, Stream<Batch>& batches, const at::Device& device,
                       const StepOptions& step = {}) {
  const auto batch = batches.next();
  SAVP_CHECK(batch.has_value(), DataError, "the data has no batch");
  const auto start = std::chrono::steady_clock::now();
  trainer.step(*batch, step);
  wait_for(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string settings_text(const DryRun& what) {
  return concat(device_name(what.options.device), "; precision ", enum_name(what.options.precision),
                what.options.graph ? "; steps recorded as a graph" : "",
                what.options.recompute ? "; time steps computed again in backward" : "", "; seed ",
                what.options.seed);
}

// Three digits.
double rounded(double value) {
  const auto unit = std::pow(10.0, std::floor(std::log10(std::max(value, 1e-9))) - 2);
  return std::round(value / unit) * unit;
}

void print(const Facts& facts) { std::cout << lines_of(facts) << std::flush; }

}  // namespace

int64_t parameter_count(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

void dry_run(const DryRun& what, Trainer& trainer, Stream<Batch>& batches) {
  const auto& hparams = trainer.hparams();
  const auto from = trainer.global_step();
  print({{"model", what.model},
         {"data", what.data},
         {"batch",
          concat(hparams.batch_size, " x ", hparams.sequence_length, " frames of ", text_of(what.shape))},
         {"parameters", concat(parameter_count(trainer.generator()), " in the generator, ",
                               parameter_count(trainer.discriminators()), " in the discriminators")},
         {"steps", concat(from, " to ", hparams.max_steps)},
         {"device", settings_text(what)},
         {"output", what.output_dir},
         {"data hparams", what.dataset_hparams.dump()},
         {"model hparams", what.model_hparams.dump()}});
  // As steps are that progress is told of, which take the most memory.
  const auto first = seconds_of_step(trainer, batches, what.options.device, {.report = true});
  double later = 0;
  for (int i = 1; i < kSteps; ++i) later = seconds_of_step(trainer, batches, what.options.device);
  print({{"time a step",
          concat(rounded(later), " s (the first: ", rounded(first), " s); ", hparams.max_steps - from,
                 " steps: ", duration_text(later * static_cast<double>(hparams.max_steps - from)))},
         {"peak memory", concat(std::llround(peak_mebibytes(what.options.device)), " MiB of the ",
                                what.options.device.is_cpu() ? "host" : "device")}});
}

}  // namespace savp::cli
