#include "cli/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "cli/evaluation_subject.h"
#include "core/device.h"
#include "core/log.h"
#include "core/text.h"
#include "evaluation/comparison.h"
#include "evaluation/evaluation.h"
#include "evaluation/metric_choice.h"
#include "evaluation/results.h"
#include "evaluation/sharing.h"
#include "evaluation/summary.h"
#include "savp/version.h"

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

// Gives a flag the value of the protocol. One that was given otherwise contradicts it, even by its default.
template <class T>
void settle(const EvaluateOptions& options, T& flag, const T& wanted, const char* name) {
  SAVP_CHECK(flag == wanted || !options.given.contains(name), UsageError, "--", name,
             " contradicts --protocol ", enum_name(*options.protocol),
             ", which sets it: leave it out, or leave out the protocol");
  flag = wanted;
}

// Metrics may be fewer than the protocol's.
void settle_metrics(EvaluateOptions& options, const Protocol& protocol) {
  if (options.metrics.empty()) options.metrics = protocol.metrics;
  for (const auto metric : options.metrics)
    SAVP_CHECK(measures(protocol, metric), UsageError, "--metrics ", enum_name(metric),
               " contradicts --protocol ", enum_name(protocol.name), ", which has ",
               names_of(protocol.metrics), ": choose among these, or leave out the protocol");
}

void settle_protocol(EvaluateOptions& options) {
  if (!options.protocol) return;
  const auto& protocol = find_protocol(*options.protocol);
  settle(options, options.mode, Split::kTest, "mode");
  settle(options, options.sequence_length, std::optional<int64_t>(protocol.context + protocol.future),
         "sequence_length");
  settle(options, options.num_stochastic_samples, protocol.samples, "num_stochastic_samples");
  settle(options, options.fvd_samples, protocol.definitions.fvd_samples, "fvd_samples");
  settle(options, options.fvd_context, protocol.definitions.fvd_context, "fvd_context");
  settle(options, options.fvd_input, protocol.definitions.fvd, "fvd_input");
  settle(options, options.num_epochs, int64_t{1}, "num_epochs");
  if (options.predictions) settle(options, options.context_frames, protocol.context, "context_frames");
  settle_metrics(options, protocol);
  auto& hparams = options.dataset_hparams;
  hparams = concat(hparams ? *hparams + "," : "", "context_frames=", protocol.context,
                   protocol.actions ? ",use_state=true" : "");
}

// A deterministic model has nothing that lies between futures.
void leave_out_diversity(EvaluateOptions& options, const EvaluationSubject& subject) {
  if (!options.protocol || subject.samples > 1) return;
  std::erase(options.metrics, MetricName::kDiversity);
}

void check_protocol(const EvaluationSubject& subject, const EvaluateOptions& options) {
  if (!options.protocol) return;
  const auto& shape = subject.shape;
  const auto& protocol = find_protocol(*options.protocol);
  check_fits(protocol,
             {.height = shape.height,
              .width = shape.width,
              .channels = options.predictions ? protocol.channels : shape.channels,  // gray as RGB, too
              .actions = options.predictions && protocol.actions ? 1 : shape.actions,
              .context = subject.context_frames,
              .future = subject.future_frames,
              .sequences = subject.videos(),
              .all_sequences = !options.num_samples,
              .dataset_hparams = subject.description.dataset_hparams,
              .persons = subject.persons});
}

// What cannot be opened as the protocol wants it is told with its name.
std::unique_ptr<EvaluationSubject> open_for_protocol(const EvaluateOptions& options) {
  try {
    return open_subject(options);
  } catch (const UsageError& error) {
    if (!options.protocol) throw;
    throw UsageError(concat("--protocol ", enum_name(*options.protocol), ": ", error.what()));
  }
}

void tell_protocol(const EvaluationSubject& subject, const EvaluateOptions& options) {
  if (!options.protocol) return;
  const auto& protocol = find_protocol(*options.protocol);
  log::info(concat("protocol ", enum_name(protocol.name)));
  for (const auto& line : choices(protocol, subject.persons)) log::info("  " + line);
  if (protocol.sequences > 0 && subject.videos() != protocol.sequences)
    log::warn(concat("--num_samples: ", subject.videos(), " sequences instead of ", protocol.sequences,
                     ": the numbers are not those of the protocol"));
  if (subject.quantization != kNotQuantized)
    log::warn(concat("the predictions have been rounded (", subject.quantization,
                     "), which the protocol does not: the numbers are near those of the protocol"));
}

// What predictions are given for is settled by these themselves.
void tell_ignored(const EvaluateOptions& options) {
  if (!options.predictions || options.protocol) return;
  std::vector<std::string> ignored;
  for (const char* flag : {"mode", "dataset", "dataset_hparams", "model_hparams", "sequence_length",
                           "num_stochastic_samples", "num_epochs"})
    if (options.given.contains(flag)) ignored.push_back(concat("--", flag));
  if (!ignored.empty())
    log::warn(
        concat("--predictions: ", join_words(ignored), " only matter to models that are run here: ignored"));
}

// Of each sequence, as asked for: a deterministic model gives but one of them.
int64_t futures_of(const EvaluationSubject& subject, const EvaluateOptions& options) {
  return options.predictions ? subject.samples : options.num_stochastic_samples;
}

// Where there are fewer futures than fvd and kvd are to look at, they look at all; of a deterministic model
// there are as many as one likes.
MetricDefinitions definitions_of(const EvaluationSubject& subject, const EvaluateOptions& options) {
  MetricDefinitions how;
  if (options.protocol) how = find_protocol(*options.protocol).definitions;
  how.fvd = options.fvd_input;
  how.fvd_context = options.fvd_context;
  how.fvd_samples = subject.deterministic ? options.fvd_samples
                                          : std::min(options.fvd_samples, futures_of(subject, options));
  return how;
}

MetricSet metrics_of(const EvaluationSubject& subject, const EvaluateOptions& options) {
  return choose_metrics({options.metrics, options.metric_weights, static_cast<uint64_t>(options.seed),
                         definitions_of(subject, options), !options.no_feature_cache},
                        {.height = subject.shape.height,
                         .width = subject.shape.width,
                         .frames = options.fvd_context ? subject.frames() : subject.future_frames,
                         .videos = subject.videos(),
                         .samples = subject.samples},
                        subject.device);
}

// What the numbers depend on, but for the true frames, which are compared themselves.
std::string dependencies(const EvaluationSubject& subject, const MetricSet& metrics) {
  auto flags = subject.description.options;
  for (const char* free : {"threads", "data_threads", "gpu_mem_frac", "eval_parallel_iterations",
                           "results_dir", "output_dir", "no_feature_cache"})
    flags.erase(free);
  Json all = {flags,
              subject.description.dataset_hparams,
              subject.description.model_hparams,
              subject.model,
              metrics.networks,
              device_name(subject.device),
              version()};
  for (const auto& metric : facts_of(metrics)) all.push_back({metric.name, metric.definition});
  if (!subject.files.empty()) all.push_back(subject.files);
  return all.dump();
}

ComparableFacts comparable_of(const EvaluationSubject& subject, const EvaluateOptions& options,
                              const VideoNumbers& numbers) {
  const auto& shape = subject.shape;
  return {.truth_sha256 = joint_digest(numbers.truths),
          .sequences = numbers.videos(),
          .context_frames = subject.context_frames,
          .predicted_frames = subject.future_frames,
          .height = shape.height,
          .width = shape.width,
          .channels = shape.channels,
          .samples = futures_of(subject, options),
          .quantization = subject.quantization,
          .protocol = options.protocol ? std::optional(enum_name(*options.protocol)) : std::nullopt};
}

Json summary_of(const EvaluationSubject& subject, const EvaluateOptions& options, const MetricSet& metrics,
                const EvaluationWriter& writer) {
  const EvaluationFacts facts{.comparable = comparable_of(subject, options, writer.numbers()),
                              .choices = options.protocol
                                             ? choices(find_protocol(*options.protocol), subject.persons)
                                             : std::vector<std::string>(),
                              .model = subject.model,
                              .data = subject.data,
                              .prediction = {{"context_frames", subject.context_frames},
                                             {"predicted_frames", subject.future_frames},
                                             {"samples_drawn", subject.samples},
                                             {"seed", options.seed},
                                             {"device", device_name(subject.device)}},
                              .networks = metrics.networks,
                              .metrics = facts_of(metrics),
                              .pictures = !options.only_metrics,
                              .sample_strips = std::min<int64_t>(subject.samples, SampleStatistics::kShown)};
  return make_summary(facts, writer.numbers(), writer.sets());
}

void print_comparison(const std::vector<std::string>& folders) {
  SAVP_CHECK(folders.size() == 2, UsageError, "--compare A B: two folders of results must be given");
  std::cout << text(compare(folders[0], folders[1])) << std::flush;
}

}  // namespace

void evaluate(const EvaluateOptions& given) {
  if (!given.compare.empty()) return print_comparison(given.compare);
  auto options = given;
  settle_protocol(options);
  options.eval_subtasks = options.eval_substasks = settle_subtasks(options);
  const auto share = process_share(std::getenv);
  if (share.size > 1 && options.device == "auto") options.device = device_of_process(share.local_rank);
  auto subject = open_for_protocol(options);
  check_protocol(*subject, options);
  leave_out_diversity(options, *subject);
  options.output_dir =
      results_folder(ResultKind::kEvaluation, options.output_dir, options.results_dir, subject->name)
          .string();
  check_apart(*options.output_dir, {options.input_dir, options.truth, options.predictions});
  subject->description.options["output_dir"] = *options.output_dir;
  const auto metrics = metrics_of(*subject, options);
  tell_protocol(*subject, options);
  tell_ignored(options);
  const EvaluationParts parts(*options.output_dir, dependencies(*subject, metrics));
  const EvaluationTask task{.options = {.subtasks = options.eval_subtasks,
                                        .pictures = !options.only_metrics,
                                        .fvd_samples = options.fvd_samples,
                                        .fvd_context = options.fvd_context},
                            .metrics = metrics,
                            .parts = parts};
  if (!share.is_first()) return help(*subject, task, *options.output_dir);
  EvaluationWriter writer(
      {.folder = *options.output_dir, .subtasks = options.eval_subtasks, .pictures = !options.only_metrics},
      subject->description);
  parts.remove_others();
  const auto count = measure_all(subject, task, [&] { return open_subject(options); });
  for (int64_t part = 0; part < count; ++part) writer.add(parts.numbers(part), parts.pictures(part));
  writer.add_sets(sets_of(*subject, task, writer.numbers()));
  writer.add_summary(summary_of(*subject, options, metrics, writer));
  writer.commit();
  std::cout << closing_text(writer.tables(), writer.numbers().baseline, writer.sets()) << std::flush;
  log::info(concat("results are in ", *options.output_dir, subject->skipped_summary()));
}

}  // namespace savp::cli
