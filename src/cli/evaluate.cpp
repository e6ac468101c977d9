#include "savp/cli/evaluate.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "savp/core/log.h"
#include "savp/evaluation/results.h"

namespace savp::cli {
namespace {

// Each once, in the order given.
std::vector<Subtask> settle_subtasks(const EvaluateOptions& options) {
  std::vector<Subtask> subtasks;
  for (const Subtask subtask :
       options.eval_substasks.empty() ? options.eval_subtasks : options.eval_substasks)
    if (std::find(subtasks.begin(), subtasks.end(), subtask) == subtasks.end()) subtasks.push_back(subtask);
  return subtasks;
}

// True frames of all predicted ones, [T, B, C, H, W].
Tensor truth_of(const Run& run, const Batch& batch) {
  SAVP_CHECK(batch.images.size(0) >= run.sequence_length(), UsageError,
             "sequence_length=", run.sequence_length(), ": the data has only ", batch.images.size(0),
             " true frames to compare with");
  return batch.images.slice(0, 0, run.sequence_length());
}

SampleStatistics measure(Run& run, const Batch& batch, const EvaluateOptions& options) {
  SampleStatistics statistics(truth_of(run, batch), run.context_frames());
  run.sample(batch, run.stochastic() ? options.num_stochastic_samples : 1, options.eval_parallel_iterations,
             [&](const Tensor& images) { statistics.add(images); });
  return statistics;
}

}  // namespace

void evaluate(const EvaluateOptions& given) {
  auto options = given;
  Run run(options, open_dataset_input(options));
  options.eval_subtasks = options.eval_substasks = settle_subtasks(options);
  if (!options.output_dir)
    options.output_dir = (std::filesystem::path(options.results_dir) / run.name()).string();
  EvaluationWriter writer(
      {.folder = *options.output_dir, .subtasks = options.eval_subtasks, .pictures = !options.only_metrics},
      run.description(to_json(options)));
  while (const auto batch = run.next_batch()) {
    log::info(
        concat("evaluating samples ", writer.videos(), " to ", writer.videos() + batch->batch_size() - 1));
    writer.add(batch->images.slice(0, 0, run.context_frames()), measure(run, *batch, options));
  }
  SAVP_CHECK(writer.videos() > 0, DataError, *options.input_dir, ": there are no sequences to evaluate");
  writer.commit();
  std::cout << closing_text(writer.tables()) << std::flush;
  log::info(concat("results are in ", *options.output_dir, run.skipped_summary()));
}

}  // namespace savp::cli
