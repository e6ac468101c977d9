#include "cli/evaluate.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "core/log.h"
#include "evaluation/metric_choice.h"
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

int64_t samples_of(const Predicting& run, const EvaluateOptions& options) {
  return run.stochastic() ? options.num_stochastic_samples : 1;
}

MetricSet metrics_of(const Predicting& run, const EvaluateOptions& options) {
  const auto future = run.sequence_length() - run.context_frames();
  return choose_metrics({options.metrics, options.metric_weights, static_cast<uint64_t>(options.seed)},
                        {.height = run.shape().height,
                         .width = run.shape().width,
                         .frames = options.fvd_context ? run.sequence_length() : future,
                         .videos = run.videos(),
                         .samples = samples_of(run, options)},
                        run.device());
}

class Evaluation {
 public:
  Evaluation(Predicting& run, const EvaluateOptions& options, const MetricSet& metrics)
      : run_(run),
        options_(options),
        metrics_(metrics),
        samples_(samples_of(run, options)),
        sets_(metrics.features, options.fvd_samples, options.fvd_context),
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

  // The metrics of the whole set.
  std::vector<SetResult> sets() const {
    std::vector<SetResult> results;
    if (metrics_.per_set.empty()) return results;
    const auto features = sets_.sets();
    log::info(concat(
        "I3D looked at ", sets_.videos_seen(), " videos in ", std::lround(sets_.seconds()), " s (",
        static_cast<double>(std::lround(10 * sets_.videos_seen() / sets_.seconds())) / 10, " a second)"));
    for (const auto& metric : metrics_.per_set) {
      const auto found = metric.finish(features);
      results.push_back({.metric = metric.name,
                         .value = found.value,
                         .low = found.low,
                         .high = found.high,
                         .unbounded = found.unbounded,
                         .videos = features.truth.size(0),
                         .samples = features.predicted.size(1),
                         .context_frames = options_.fvd_context ? run_.context_frames() : 0,
                         .frames = run_.sequence_length() - run_.context_frames(),
                         .decimals = metric.decimals});
    }
    return results;
  }

 private:
  SampleStatistics statistics(const Batch& batch) const {
    return {truth(batch), run_.context_frames(), metrics_};
  }
  Tensor truth(const Batch& batch) const { return batch.images.slice(0, 0, run_.sequence_length()); }

  SampleStatistics measured(const Batch& batch) {
    auto found = statistics(batch);
    const auto future = run_.sequence_length() - run_.context_frames();
    if (metrics_.features) sets_.begin(truth(batch), run_.context_frames());
    run_.sample(batch, samples_, options_.eval_parallel_iterations, [&](const Tensor& images) {
      found.add(images);
      if (metrics_.features) sets_.add(images.slice(0, images.size(0) - future));
      progress_.advance(drawn_ += images.size(1));
    });
    return found;
  }

  Predicting& run_;
  const EvaluateOptions& options_;
  const MetricSet& metrics_;
  int64_t samples_, drawn_ = 0;
  FeatureCollector sets_;
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
  const auto metrics = metrics_of(run, options);
  EvaluationWriter writer({.folder = *options.output_dir,
                           .subtasks = options.eval_subtasks,
                           .pictures = !options.only_metrics,
                           .metrics = &metrics},
                          run.description(to_json(options)));
  {
    Evaluation evaluation(run, options, metrics);
    while (const auto batch = run.next_batch()) evaluation.add(*batch, writer);
    if (writer.videos() > 0) writer.add_sets(evaluation.sets());
  }
  SAVP_CHECK(writer.videos() > 0, DataError, *options.input_dir, ": there are no sequences to evaluate");
  writer.commit();
  if (const auto tables = writer.tables(); !tables.empty())
    std::cout << closing_text(tables, writer.baseline());
  std::cout << set_text(writer.sets()) << std::flush;
  log::info(concat("results are in ", *options.output_dir, run.skipped_summary()));
}

}  // namespace savp::cli
