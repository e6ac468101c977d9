#include <torch/types.h>
#include <torch/utils.h>

#include "core/step.h"
#include "golden_runner/kinds.h"
#include "golden_runner/model_setup.h"
#include "golden_runner/recorded_noise.h"

namespace savp::golden {
namespace {

// What other parts of a program make: schedules, statistics over samples.
bool made_elsewhere(const std::string& name) {
  return name == "learning_rate" || name == "kl_weight" || name.starts_with("eval/");
}

GeneratorOutput predict(const ModelSetup& setup, const Batch& batch) {
  const auto predictor = setup.entry->make_predictor(*setup.hparams);
  GeneratorOutput output;
  output.prior = shown_and_imagined(*predictor, batch, setup.hparams->context_frames);
  return output;
}

GeneratorOutput generate(const ModelSetup& setup, const Case& recorded, const Batch& batch, Noise& noise,
                         Comparison& comparison) {
  const auto generator = make_generator(setup, recorded, comparison);
  StepContext now{.noise = noise};
  now.details = true;
  if (recorded.has("outputs/gen_images_samples"))
    now.samples = recorded.json()["hparams"]["num_samples"].get<int64_t>();
  return generator->forward(batch, now);
}

}  // namespace

void run_generator(const Case& recorded, Comparison& comparison) {
  torch::NoGradGuard no_grad;
  const auto setup = set_up_model(recorded);
  const auto batch = batch_of(recorded);
  RecordedNoise noise(recorded);
  const auto output =
      setup.entry->trainable ? generate(setup, recorded, batch, noise, comparison) : predict(setup, batch);
  auto outputs = outputs_of(output);
  for (auto& metric : metrics_of(recorded, output.prior.images)) outputs.push_back(std::move(metric));
  compare_outputs(recorded, outputs, comparison, made_elsewhere);
}

}  // namespace savp::golden
