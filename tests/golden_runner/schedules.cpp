#include "training/schedules.h"

#include <torch/types.h>

#include "core/error.h"
#include "golden_runner/kinds.h"
#include "models/models.h"

namespace savp::golden {
namespace {

constexpr double kNeverBelow = 0.001;  // probability under which no true frames are fed

Schedule ground_truth_schedule(const ModelEntry& entry, const ModelHparams& hparams) {
  const std::shared_ptr<Generator> generator =
      entry.make_generator(hparams, VideoShape{.height = 32, .width = 32});
  return [generator](int64_t step) { return generator->ground_truth_sampling(step); };
}

// A table's columns beside its steps.
struct Column {
  std::string name;
  Schedule value;
};
std::vector<Column> columns(const std::string& key, const ModelEntry& entry, const ModelHparams& hparams) {
  const auto& trained = dynamic_cast<const TrainHparams&>(hparams);
  if (key.starts_with("lr/")) return {{"values", learning_rate_schedule(trained)}};
  if (key.starts_with("kl/")) return {{"values", kl_weight_schedule(trained)}};
  SAVP_CHECK(key.starts_with("sched/"), DataError, "tables '", key, "' are not known");
  const auto probability = ground_truth_schedule(entry, hparams);
  return {{"prob", probability},
          {"enabled", [probability](int64_t step) { return probability(step) >= kNeverBelow; }}};
}

Tensor evaluate(const Schedule& schedule, const Tensor& steps) {
  std::vector<double> values;
  for (int64_t i = 0; i < steps.numel(); ++i) values.push_back(schedule(steps[i].item<int64_t>()));
  return torch::tensor(values, torch::kDouble);
}

}  // namespace

void run_schedules(const Case& recorded, Comparison& comparison) {
  const auto& entry = find_model(recorded.json()["model"].get<std::string>());
  const auto& tolerances = recorded.json()["tolerances"];
  for (const auto& table : recorded.json()["tables"]) {
    const auto key = table["key"].get<std::string>();
    const auto hparams = entry.make_hparams();
    hparams->context_frames = 2;  // any: the schedules do not depend on it
    hparams->sequence_length = 5;
    entry.view(*hparams).override_from_json(table["hparams"], recorded.name() + ", table " + key);
    for (const auto& column : columns(key, entry, *hparams)) {
      const auto name = key + "/" + column.name;
      const auto& expected = recorded.tensor(name);
      const auto allowed = expected.abs().to(torch::kDouble) * tolerances["rtol"].get<double>() +
                           tolerances["atol"].get<double>();
      comparison.compare(name, evaluate(column.value, recorded.tensor(key + "/steps")), expected, allowed);
    }
  }
}

}  // namespace savp::golden
