#include "cli/evaluate.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "core/log.h"
#include "evaluation/results.h"
#include "training/progress.h"

namespace savp::cli {
namespace {

constexpr const char* kRepeat = "repeat";

// Each once, in the order given.
std::vector<Subtask> settle_subtasks(const EvaluateOptions& options) {
  std::vector<Subtask> subtasks;
  for (const Subtask subtask :
       options.eval_substasks.empty() ? options.eval_subtasks : options.eval_substasks)
    if (std::find(subtasks.begin(), subtasks.end(), subtask) == subtasks.end()) subtasks.push_back(subtask);
  return subtasks;
}

void check_true_frames(const Predicting& run) {
  SAVP_CHECK(run.sequence_length() <= run.true_frames(), UsageError,
             "sequence_length=", run.sequence_length(), ": the data has only ", run.true_frames(),
             " true frames to compare with");
}

// The last context frame again and again, [F, B, C, H, W].
Tensor repeated(const Predicting& run, const Batch& batch) {
  auto sizes = batch.images.sizes().vec();
  sizes[0] = run.sequence_length() - run.context_frames();
  return batch.images.slice(0, run.context_frames() - 1, run.context_frames()).expand(sizes);
}

class Evaluation {
 public:
  Evaluation(Predicting& run, const EvaluateOptions& options)
      : run_(run),
        options_(options),
        samples_(run.stochastic() ? options.num_stochastic_samples : 1),
        progress_(0, run.videos() * samples_, ::isatty(STDERR_FILENO) == 1) {}

  void add(const Batch& batch, EvaluationWriter& writer) {
    const auto first = writer.videos(), end = first + batch.batch_size();
    progress_.say(concat("evaluating samples ", first, " to ", end - 1, " of ", run_.videos(), "  ",
                         progress_.time_left(first * samples_)));
    writer.add(batch.images.slice(0, 0, run_.context_frames()), measured(batch));
    if (run_.model() == kRepeat) return;
    auto baseline = statistics(batch);
    baseline.add(repeated(run_, batch));
    writer.add_baseline(baseline);
  }

 private:
  SampleStatistics statistics(const Batch& batch) const {
    return {batch.images.slice(0, 0, run_.sequence_length()), run_.context_frames()};
  }

  SampleStatistics measured(const Batch& batch) {
    auto found = statistics(batch);
    run_.sample(batch, samples_, options_.eval_parallel_iterations, [&](const Tensor& images) {
      found.add(images);
      progress_.advance(drawn_ += images.size(1));
    });
    return found;
  }

  Predicting& run_;
  const EvaluateOptions& options_;
  int64_t samples_, drawn_ = 0;
  Progress progress_;
};

}  // namespace

void evaluate(const EvaluateOptions& given) {
  auto options = given;
  auto run = Predicting::open_dataset(options);
  check_true_frames(run);
  options.eval_subtasks = options.eval_substasks = settle_subtasks(options);
  options.output_dir =
      results_folder(ResultKind::kEvaluation, options.output_dir, options.results_dir, run.name()).string();
  EvaluationWriter writer(
      {.folder = *options.output_dir, .subtasks = options.eval_subtasks, .pictures = !options.only_metrics},
      run.description(to_json(options)));
  {
    Evaluation evaluation(run, options);
    while (const auto batch = run.next_batch()) evaluation.add(*batch, writer);
  }
  SAVP_CHECK(writer.videos() > 0, DataError, *options.input_dir, ": there are no sequences to evaluate");
  writer.commit();
  std::cout << closing_text(writer.tables(), writer.baseline()) << std::flush;
  log::info(concat("results are in ", *options.output_dir, run.skipped_summary()));
}

}  // namespace savp::cli
