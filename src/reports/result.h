// What a folder of savp_evaluate's results tells, as a report shows it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace savp::reports {

// NaN stands for "not there" in each.
struct Number {
  double value, low, high;  // low, high: 95 %
};

// By predicted frame.
struct Curve {
  std::vector<double> value, low, high;  // low and high may be empty
};

struct Metric {
  std::string name;                        // "psnr"
  std::string unit = {}, definition = {};  // may be empty
  std::string better = "none";             // "max", "min" or "none"
  std::string best = "avg";      // which of `values` is of the best samples; "value" for metrics of sets
  std::string fingerprint = {};  // equal where columns may be compared; empty: not known
  std::string network = {};      // SHA-256 of its file; empty: none
  int decimals = 4;
  std::map<std::string, Number> values = {};  // "max", "avg", "min" or "value"
  std::map<std::string, Curve> curves = {};
  std::map<std::string, std::string> tables = {};  // csv files of single sequences, relative to the folder
  std::string samples = {};                        // csv file of all samples, likewise; empty: none
  std::optional<Number> baseline = {};
  Curve baseline_curve = {};

  bool smaller_is_better() const { return better == "min"; }
};

// How often the truth's error had each rank among those of the samples; the last: larger than all.
struct RankHistogram {
  std::string metric;
  std::vector<int64_t> counts;
};

struct TrainingCurve {
  std::string name;  // "g_loss"
  std::vector<double> steps, values;
};

struct Result {
  std::filesystem::path folder;
  std::string label;       // in tables and legends
  nlohmann::json summary;  // summary.json; null for results of versions that wrote none
  std::vector<Metric> metrics;
  std::optional<RankHistogram> ranks = {};
  std::vector<TrainingCurve> training = {};  // of the run that the checkpoint belongs to, where it is there

  // Null where there is none of the name.
  const Metric* metric(const std::string& name) const;
  // "" where it is not known.
  std::string fingerprint() const;
  // Whether one future of its model stands for any number of them.
  bool deterministic() const;
  // Its summary, descriptions and tables.
  std::vector<std::filesystem::path> files() const;
};

// Of a folder with summary.json, or with the prediction_eval_*/metrics/*.csv of an older version alone.
// Throws DataError for a folder that holds neither, or something damaged.
Result read_result(const std::filesystem::path& folder);

// Adds the folder's name to labels that several results have.
void tell_apart(std::vector<Result>& results);

// The folders among these that hold results, and those directly within the others, by name, baselines
// (ground_truth, repeat) last. Throws DataError where there is none.
std::vector<std::filesystem::path> find_results(const std::vector<std::string>& folders);

// Whether both tell how they were made.
bool comparison_known(const Result& one, const Result& other);

// How two results differ in what must be equal for their numbers to be compared: "samples 100 and 10";
// nothing where they do not differ; that it is not known, where one does not tell. The number of samples does
// not count where one of the models is deterministic.
std::string difference(const Result& one, const Result& other);

// Whether both, which have the metric, measured it in the same way on the same videos.
bool same_way(const Result& one, const Result& other, const std::string& metric);

// What the others are compared with: the first whose model is not deterministic, else the first.
const Result& reference(const std::vector<Result>& results);
// What the others' numbers of one metric are compared with: of those that have it, the first that does not
// differ from reference(results), else the first. Null where none has it.
const Result* reference(const std::vector<Result>& results, const std::string& metric);

}  // namespace savp::reports
