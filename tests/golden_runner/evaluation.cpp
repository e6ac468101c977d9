#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"
#include "core/step.h"
#include "evaluation/statistics.h"
#include "golden_runner/kinds.h"
#include "golden_runner/model_setup.h"
#include "golden_runner/recorded_noise.h"

namespace savp::golden {
namespace {

bool of_evaluation(const std::string& name) { return name.starts_with("eval/"); }

// The samples eval0/, eval1/, ... that the case recorded draws for; a model without draws has one. [S, T - 1,
// B, C, H, W]
Tensor draw_samples(Generator& generator, const Batch& batch, const Case& recorded, RecordedNoise& noise) {
  std::vector<Tensor> samples;
  const auto recorded_sample = [&](size_t i) {
    return recorded.has(concat("noise/eval", i, "/posterior_eps"));
  };
  do {
    PrefixedNoise draws(noise, concat("eval", samples.size(), "/"));
    samples.push_back(generator.forward(batch, StepContext{.noise = draws}).prior.images);
  } while (recorded_sample(samples.size()));
  return torch::stack(samples);
}

// The videos of the chosen samples: samples [S, T, B, ...], choice [B] -> [T, B, ...].
Tensor choose(const Tensor& samples, const Tensor& choice) {
  std::vector<Tensor> videos;
  for (int64_t b = 0; b < choice.size(0); ++b)
    videos.push_back(samples[choice[b].item<int64_t>()].select(1, b));
  return torch::stack(videos, 1);
}

NamedTensors statistics_of(const Case& recorded, const Batch& batch, const Tensor& samples) {
  SampleStatistics statistics(batch.images, recorded.json()["hparams"]["context_frames"].get<int64_t>());
  for (const auto& sample : samples.unbind(0)) statistics.add(sample);
  NamedTensors out;
  for (const auto& row : statistics.summary())
    for (const auto& [subtask, name] : EnumNames<Subtask>::kTable) {
      const auto& aggregate = row[subtask];
      const auto images = aggregate.sample.defined() ? choose(samples, aggregate.sample) : samples.mean(0);
      out.emplace_back(concat("eval/", row.metric->name, "/", name), aggregate.values.transpose(0, 1));
      out.emplace_back(concat("eval/gen_images_", row.metric->name, "/", name), video_to_case(images));
    }
  out.emplace_back("eval/gen_images", video_to_case(samples[0]));
  return out;
}

}  // namespace

void run_evaluation(const Case& recorded, Comparison& comparison) {
  torch::NoGradGuard no_grad;
  run_generator(recorded, comparison);
  const auto setup = set_up_model(recorded);
  const auto batch = batch_of(recorded);
  const auto generator = make_generator(setup, recorded, comparison);
  RecordedNoise noise(recorded);
  const auto samples = draw_samples(*generator, batch, recorded, noise);
  const auto others = [](const std::string& name) { return !of_evaluation(name); };
  compare_outputs(recorded, statistics_of(recorded, batch, samples), comparison, others);
}

}  // namespace savp::golden
