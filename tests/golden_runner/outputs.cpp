#include <ATen/ATen.h>

#include <set>

#include "golden_runner/kinds.h"
#include "golden_runner/tolerances.h"
#include "metrics/metrics.h"

namespace savp::golden {
namespace {

// {"batch": [0], "time": [2, 4]}: those elements and steps of a batch-major tensor.
Tensor sliced(const Tensor& value, const Json& slice) {
  auto part = value.cpu();
  const auto select = [&](const char* key, int64_t dim) {
    if (slice.contains(key))
      part = part.index_select(dim, at::tensor(slice[key].get<std::vector<int64_t>>()));
  };
  if (!slice.is_null()) {
    select("batch", 0);
    select("time", 1);
  }
  return part;
}

}  // namespace

NamedTensors metrics_of(const Case& recorded, const Tensor& images) {
  const auto truth = batch_of(recorded).images;
  const auto context = recorded.json()["hparams"]["context_frames"].get<int64_t>();
  const auto frames = truth.size(0) - context;
  NamedTensors out;
  for (const auto& metric : metrics())
    out.emplace_back(
        "metrics/" + metric.name,
        metric.measure(truth.narrow(0, context, frames), images.narrow(0, images.size(0) - frames, frames))
            .mean());
  return out;
}

void compare_outputs(const Case& recorded, const NamedTensors& outputs, Comparison& comparison,
                     const std::function<bool(const std::string&)>& elsewhere) {
  const Tolerances tolerances(recorded);
  std::map<std::string, Tensor> at_hand(outputs.begin(), outputs.end());
  std::map<std::string, Json> slices;
  for (const auto& entry : recorded.json()["outputs"]) slices[entry["name"]] = entry["slice"];
  for (const auto& name : recorded.names("outputs")) {
    if (elsewhere(name)) continue;
    const auto& value = at_hand[name];
    comparison.compare("outputs/" + name, value.defined() ? sliced(value, slices[name]) : value,
                       recorded.tensor("outputs/" + name), tolerances.output(name));
  }
}

}  // namespace savp::golden
