#include "training/validation.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/noise.h"
#include "metrics/metrics.h"

namespace savp {
namespace {

Batch first_batch(const Dataset& data, const BatchOptions& options) {
  const auto batch = data.batches(options)->next();
  SAVP_CHECK(batch.has_value(), DataError, "the validation data has no sequence that is long enough");
  return *batch;
}

}  // namespace

Validation::Validation(Generator& generator, const Dataset& data, const TrainHparams& hparams,
                       const at::Device& device)
    : generator_(generator),
      context_(hparams.context_frames),
      batch_(first_batch(data, {.batch_size = hparams.batch_size, .threads = 0, .device = device})) {}

Values Validation::operator()() const {
  const auto length = batch_.images.size(0);
  DeviceNoise noise(batch_.images.device(), /*seed=*/0);
  const auto predicted =
      generator_.predict(batch_, length, /*samples=*/1, noise).images.slice(0, context_ - 1);
  const auto truth = batch_.images.slice(0, context_);
  Values values;
  for (const auto& metric : metrics())
    values.emplace_back(metric.name, metric.measure(truth, predicted).mean().item<double>());
  return values;
}

}  // namespace savp
