// summary.json of a result folder: what was measured, how, and with what outcome, for people and for
// programs that compare results. docs/formats.md describes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "evaluation/metric_table.h"
#include "evaluation/video_numbers.h"

namespace savp {

inline constexpr const char *kSummaryFile = "summary.json", *kSummaryFormat = "savp-summary-1";

inline constexpr const char* kNotQuantized = "none";

// One metric, apart from its numbers.
struct MetricFacts {
  std::string name;
  std::string kind;    // "frame", "video" or "set"
  std::string better;  // "max", "min" or "none"
  int decimals = 4;
  std::string unit, definition;
  std::string network = {};  // SHA-256 of its file; empty: none
};

// What must be equal for numbers to be comparable.
struct ComparableFacts {
  std::string truth_sha256;  // of all true frames
  int64_t sequences = 0, context_frames = 0, predicted_frames = 0;
  int64_t height = 0, width = 0, channels = 0;
  int64_t samples = 0;                       // asked for
  std::string quantization = kNotQuantized;  // what predictions have been rounded to
  std::optional<std::string> protocol = {};

  Json to_json() const;
};

// What an evaluation knows besides numbers.
struct EvaluationFacts {
  ComparableFacts comparable;
  std::vector<std::string> choices;  // of the protocol
  Json model, data, prediction;      // objects of the summary
  Json networks = Json::object();    // file name -> SHA-256
  std::vector<MetricFacts> metrics;
  bool pictures = true;
  int64_t sample_strips = 0;  // samples of each video that have a strip
};

// SHA-256 of a JSON value without spaces.
std::string fingerprint(const Json& value);
// One of all true frames, from those of the videos in their order.
std::string joint_digest(const std::vector<std::string>& of_videos);

Json make_summary(const EvaluationFacts& facts, const VideoNumbers& numbers,
                  const std::vector<SetResult>& sets);

// Whether its model gives one future of each sequence, which stands for any number of them.
bool of_deterministic_model(const Json& summary);

// Whether how many futures there were may differ between two results.
bool any_number_of_samples(const Json& summary_a, const Json& summary_b);

// What must be equal for two results to be compared, and is not: "samples 100 and 10". Of deterministic
// models the number of samples may be any.
std::vector<std::string> what_differs(const Json& summary_a, const Json& summary_b);

// Of a result folder. Throws DataError where there is none, or one of another format.
Json read_summary(const std::filesystem::path& folder);

}  // namespace savp
