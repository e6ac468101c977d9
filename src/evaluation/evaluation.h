// The loop of an evaluation: each batch of a subject's videos is a part, which one of several
// processes measures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "evaluation/evaluation_parts.h"
#include "evaluation/evaluation_subject.h"
#include "evaluation/statistics.h"
#include "metrics/metric_set.h"

namespace savp {

struct EvaluationOptions {
  std::vector<Subtask> subtasks;
  bool pictures = true;
  int64_t fvd_samples = 1;   // futures of each video that metrics of whole sets look at
  bool fvd_context = false;  // and whether they look at the context frames, too
};

// What is measured, and with what. All but the options must outlive it.
struct EvaluationTask {
  EvaluationOptions options;
  const MetricSet& metrics;
  const EvaluationParts& parts;
};

// Sees to it that all parts are there, those that other processes work on too, and returns their number.
// `open` opens the subject again where a process ended without finishing what it had begun. Throws DataError
// where there are no videos.
int64_t measure_all(std::unique_ptr<EvaluationSubject>& subject, const EvaluationTask& task,
                    const std::function<std::unique_ptr<EvaluationSubject>()>& open);

// What the other processes do: parts that nobody works on, until there are none or the results are in
// the folder.
void help(EvaluationSubject& subject, const EvaluationTask& task, const std::filesystem::path& results);

// The metrics of the whole set, but those that cannot be computed of these videos, which are told.
std::vector<SetResult> sets_of(const EvaluationSubject& subject, const EvaluationTask& task,
                               const VideoNumbers& numbers);

}  // namespace savp
