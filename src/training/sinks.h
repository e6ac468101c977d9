// The sinks there are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "training/sink.h"

namespace savp {

// What a run gives its sinks to start from.
struct SinkOrigin {
  std::filesystem::path output_dir;  // the run's folder; it is there
  int64_t step = 0;                  // that training starts after: what was written of later ones is void
  Progress& progress;                // outlives the sink
  std::vector<std::pair<std::string, std::string>> texts = {};  // of the run, in Markdown, by tag
};
using MakeSink = std::function<std::unique_ptr<Sink>(const SinkOrigin&)>;

// Lines on standard error, through the run's Progress.
std::unique_ptr<Sink> console_sink(const SinkOrigin& origin);

// metrics.jsonl in the run's folder: a line a step with the scalars of all groups but kSummaries, "<group>_"
// before the names of all but kTraining, null for what is not finite; notes as "note". Throws DataError where
// it cannot be written.
std::unique_ptr<Sink> metrics_sink(const SinkOrigin& origin);

// What a run has unless it says otherwise.
std::vector<MakeSink> usual_sinks();

}  // namespace savp
