#include "evaluation/evaluation.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <cmath>

#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"
#include "evaluation/metric_choice.h"
#include "evaluation/video_results.h"

namespace savp {
namespace {

Tensor context_of(const EvaluationSubject& subject, const Batch& batch) {
  return batch.images.slice(0, 0, subject.context_frames);
}

Tensor truth_of(const EvaluationSubject& subject, const Batch& batch) {
  return batch.images.slice(0, 0, subject.frames());
}

// The last context frame again and again, [F, B, C, H, W].
Tensor repeated(const EvaluationSubject& subject, const Batch& batch) {
  auto sizes = batch.images.sizes().vec();
  sizes[0] = subject.future_frames;
  return batch.images.slice(0, subject.context_frames - 1, subject.context_frames).expand(sizes);
}

class Evaluation {
 public:
  Evaluation(EvaluationSubject& subject, const EvaluationTask& task)
      : subject_(subject),
        options_(task.options),
        metrics_(task.metrics),
        parts_(task.parts),
        progress_(0, subject.videos() * subject.samples, ::isatty(STDERR_FILENO) == 1) {}

  // Sees to it that the part is there. False: another process works on it.
  bool add(int64_t part, const Batch& batch) {
    const auto first = subject_.first_video(), videos = batch.batch_size();
    const auto claim = parts_.claim(part);
    if (!claim) return false;
    if (parts_.has(part, truth_digests(truth_of(subject_, batch)))) {
      done_ += videos;
      return true;
    }
    progress_.say(concat("evaluating samples ", first, " to ", first + videos - 1, " of ", subject_.videos(),
                         "  ", progress_.time_left(steps())));
    measure(part, batch);
    return true;
  }

  void tell_speed() const {
    if (const auto& work = metrics_.feature_work) {
      const auto speed = work->seconds > 0 ? static_cast<double>(work->computed) / work->seconds : 0;
      log::info(concat("I3D looked at ", work->computed, " videos in ", std::lround(work->seconds), " s (",
                       static_cast<double>(std::lround(10 * speed)) / 10, " a second), ", work->known,
                       " were known"));
    }
    if (done_ > 0) log::info(concat(counted(done_, "sequence"), " had been evaluated before"));
  }

 private:
  int64_t steps() const { return drawn_ + done_ * subject_.samples; }
  SampleStatistics statistics(const Batch& batch) const {
    return {truth_of(subject_, batch), subject_.context_frames, metrics_};
  }

  void measure(int64_t part, const Batch& batch) {
    auto found = statistics(batch);
    FeatureCollector features(metrics_.features, options_.fvd_samples, options_.fvd_context);
    if (metrics_.features) features.begin(truth_of(subject_, batch), subject_.context_frames);
    subject_.sample(batch, [&](const Tensor& images) {
      found.add(images);
      if (metrics_.features) features.add(images);
      drawn_ += images.size(1);
      progress_.advance(steps());
    });
    auto numbers = numbers_of(context_of(subject_, batch), found, options_.subtasks);
    if (metrics_.features) numbers.features = feature_rows(features.sets());
    numbers.baseline = baseline(batch);
    const auto folder = parts_.begin(part);
    if (options_.pictures)
      write_pictures(folder, subject_.first_video(), context_of(subject_, batch), found, options_.subtasks);
    parts_.finish(part, numbers);
  }

  std::vector<MetricTable> baseline(const Batch& batch) const {
    if (!subject_.with_baseline) return {};
    auto found = statistics(batch);
    found.add(repeated(subject_, batch));
    return baseline_of(found);
  }

  EvaluationSubject& subject_;
  const EvaluationOptions& options_;
  const MetricSet& metrics_;
  const EvaluationParts& parts_;
  int64_t drawn_ = 0, done_ = 0;  // done_: videos of parts that were there already
  Progress progress_;
};

}  // namespace

int64_t measure_all(std::unique_ptr<EvaluationSubject>& subject, const EvaluationTask& task,
                    const std::function<std::unique_ptr<EvaluationSubject>()>& open) {
  for (bool first = true;; first = false) {
    if (!first) subject = open();
    int64_t count = 0;
    {
      Evaluation evaluation(*subject, task);
      while (const auto batch = subject->next_batch()) evaluation.add(count++, *batch);
      evaluation.tell_speed();
    }
    SAVP_CHECK(count > 0, DataError, subject->place, ": there are no sequences to evaluate");
    bool complete = true;
    for (int64_t part = 0; part < count; ++part) {
      task.parts.wait_for(part);
      complete = complete && task.parts.is_there(part);
    }
    if (complete) return count;
  }
}

void help(EvaluationSubject& subject, const EvaluationTask& task, const std::filesystem::path& results) {
  const auto start = std::filesystem::file_time_type::clock::now();
  const auto finished = [&] {
    std::error_code missing;
    const auto written = std::filesystem::last_write_time(results / kSummaryFile, missing);
    return !missing && written > start;
  };
  Evaluation evaluation(subject, task);
  int64_t part = 0;
  while (const auto batch = subject.next_batch()) {
    if (finished()) return;
    evaluation.add(part++, *batch);
  }
  evaluation.tell_speed();
}

namespace {

SetResult set_result(const EvaluationSubject& subject, const EvaluationTask& task, const SetMetric& metric,
                     const FeatureSets& features) {
  const auto found = metric.finish(features);
  std::optional<Interval> unbounded;
  if (const auto& limit = found.unbounded) unbounded = {limit->value, limit->low, limit->high};
  return {.metric = metric.name,
          .value = found.value,
          .low = found.low,
          .high = found.high,
          .unbounded = unbounded,
          .videos = features.truth.size(0),
          .samples = features.predicted.size(1),
          .context_frames = task.options.fvd_context ? subject.context_frames : 0,
          .frames = subject.future_frames,
          .decimals = metric.decimals};
}

}  // namespace

std::vector<SetResult> sets_of(const EvaluationSubject& subject, const EvaluationTask& task,
                               const VideoNumbers& numbers) {
  std::vector<SetResult> results;
  if (task.metrics.per_set.empty()) return results;
  const auto features = feature_sets(numbers.features);
  LeftOut left_out;
  for (const auto& metric : task.metrics.per_set) {
    try {
      results.push_back(set_result(subject, task, metric, features));
    } catch (const UsageError& error) {  // of damaged records that were skipped less is left than expected
      left_out.emplace_back(metric.name, error.what());
    }
  }
  tell_left_out(left_out);
  return results;
}

}  // namespace savp
