#include "evaluation/summary.h"

#include <algorithm>
#include <cmath>

#include "io/json_text.h"
#include "io/sha256.h"
#include "io/whole_file.h"
#include "savp/version.h"

namespace savp {
namespace {

// JSON has no numbers that are not finite.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

Json to_json(const Interval& found) {
  return {{"value", number(found.value)}, {"low", number(found.low)}, {"high", number(found.high)}};
}

Json curve_of(const MetricTable& table) {
  Json curve = {{"value", Json::array()}, {"low", Json::array()}, {"high", Json::array()}};
  for (const auto& at_frame : mean_intervals(table.rows)) {
    const auto numbers = to_json(at_frame);
    for (auto& [key, list] : curve.items()) list.push_back(numbers.at(key));
  }
  return curve;
}

std::string csv_of(const std::string& task, const std::string& metric) {
  return task + "/metrics/" + metric + ".csv";
}

void add_table(Json& metric, const MetricTable& table) {
  const auto key = table.subtask.empty() ? "avg" : table.subtask;
  metric["values"][key] = to_json(table.mean());
  metric["curves"][key] = curve_of(table);
  metric["csv"][key] = csv_of(table.task(), table.metric);
  if (table.is_best || !metric.contains("best")) metric["best"] = key;
}

void add_set(Json& metric, const SetResult& result) {
  auto value = to_json(Interval{result.value, result.low, result.high});
  value["unbounded"] = result.unbounded ? to_json(*result.unbounded) : Json();
  value["samples"] = result.samples;
  value["frames"] = result.frames;
  value["context_frames"] = result.context_frames;
  metric["values"]["value"] = value;
  metric["best"] = "value";
  metric["csv"]["value"] = csv_of(result.task(), result.metric);
}

Json described(const MetricFacts& facts, const Json& comparable) {
  return {{"name", facts.name},
          {"kind", facts.kind},
          {"better", facts.better},
          {"decimals", facts.decimals},
          {"unit", facts.unit},
          {"definition", facts.definition},
          {"network", facts.network.empty() ? Json() : Json(facts.network)},
          {"fingerprint", fingerprint({comparable, facts.name, facts.definition, facts.network})}};
}

Json metric_of(const MetricFacts& facts, const Json& comparable, const VideoNumbers& numbers,
               const std::vector<SetResult>& sets) {
  auto metric = described(facts, comparable);
  const auto is_of_it = [&](const auto& table) { return table.metric == facts.name; };
  for (const auto* tables : {&numbers.tables, &numbers.of_videos})
    for (const auto& table : *tables)
      if (is_of_it(table)) add_table(metric, table);
  for (const auto& table : numbers.baseline)
    if (is_of_it(table)) {
      metric["baseline"] = to_json(table.mean());
      metric["baseline"]["curve"] = curve_of(table);
    }
  for (const auto& table : numbers.samples)
    if (is_of_it(table)) metric["samples_csv"] = table.file();
  for (const auto& result : sets)
    if (is_of_it(result)) add_set(metric, result);
  return metric;
}

Json pictures_of(const EvaluationFacts& facts, const VideoNumbers& numbers) {
  Json pictures = {{"outputs", Json::object()},
                   {"sequences", numbers.videos()},
                   {"truth", "sequences/truth_SSSSS.png"},
                   {"samples", Json::array()}};
  for (const auto& table : numbers.tables) {
    pictures["outputs"][table.metric][table.subtask] = table.task() + "/outputs/gen_image_SSSSS_TT.png";
    pictures["context"] = table.task() + "/inputs/context_image_SSSSS_TT.png";
  }
  for (int64_t sample = 0; sample < facts.sample_strips; ++sample)
    pictures["samples"].push_back(concat("sequences/sample_SSSSS_0", sample, ".png"));
  return pictures;
}

Json histogram_of(const EvaluationFacts& facts, const VideoNumbers& numbers) {
  const int64_t samples = facts.prediction.at("samples_drawn");
  return {{"metric", "mse"}, {"samples", samples}, {"counts", rank_histogram(numbers.ranks, samples)}};
}

}  // namespace

Json ComparableFacts::to_json() const {
  return {{"truth_sha256", truth_sha256},
          {"sequences", sequences},
          {"context_frames", context_frames},
          {"predicted_frames", predicted_frames},
          {"height", height},
          {"width", width},
          {"channels", channels},
          {"samples", samples},
          {"quantization", quantization},
          {"protocol", protocol ? Json(*protocol) : Json()}};
}

std::string fingerprint(const Json& value) { return sha256(value.dump()); }

std::string joint_digest(const std::vector<std::string>& of_videos) {
  Sha256 digest;
  for (const auto& one : of_videos) digest.add(one);
  return digest.hexadecimal();
}

Json make_summary(const EvaluationFacts& facts, const VideoNumbers& numbers,
                  const std::vector<SetResult>& sets) {
  const auto comparable = facts.comparable.to_json();
  Json summary = {{"format", kSummaryFormat},
                  {"version", version()},
                  {"made_by", "savp_evaluate"},
                  {"comparable", comparable},
                  {"fingerprint", fingerprint(comparable)},
                  {"protocol", {{"name", comparable.at("protocol")}, {"choices", facts.choices}}},
                  {"model", facts.model},
                  {"data", facts.data},
                  {"prediction", facts.prediction},
                  {"networks", facts.networks},
                  {"metrics", Json::array()}};
  for (const auto& metric : facts.metrics) {
    auto found = metric_of(metric, comparable, numbers, sets);
    if (found.contains("values")) summary["metrics"].push_back(std::move(found));
  }
  if (!numbers.ranks.empty()) summary["rank_histogram"] = histogram_of(facts, numbers);
  if (facts.pictures) summary["pictures"] = pictures_of(facts, numbers);
  return summary;
}

bool of_deterministic_model(const Json& summary) {
  const Json::json_pointer place("/model/deterministic");
  return summary.contains(place) && summary.at(place) == true;
}

bool any_number_of_samples(const Json& summary_a, const Json& summary_b) {
  return of_deterministic_model(summary_a) || of_deterministic_model(summary_b);
}

std::vector<std::string> what_differs(const Json& summary_a, const Json& summary_b) {
  const auto facts_of = [&](const Json& summary) {
    const auto found = summary.find("comparable");
    auto facts = found != summary.end() && found->is_object() ? *found : Json::object();
    if (any_number_of_samples(summary_a, summary_b)) facts.erase("samples");
    return facts;
  };
  const auto shown = [](const Json& facts, const std::string& key) {
    if (!facts.contains(key)) return std::string("none");
    return facts[key].is_string() ? facts[key].get<std::string>() : facts[key].dump();
  };
  const auto a = facts_of(summary_a), b = facts_of(summary_b);
  auto keys = a;
  keys.update(b);
  std::vector<std::string> found;
  for (const auto& [key, value] : keys.items())
    if (!a.contains(key) || !b.contains(key) || a[key] != b[key])
      found.push_back(key == "truth_sha256" ? "other true frames"
                                            : concat(key, " ", shown(a, key), " and ", shown(b, key)));
  return found;
}

Json read_summary(const std::filesystem::path& folder) {
  const auto file = folder / kSummaryFile;
  std::error_code missing;
  SAVP_CHECK(std::filesystem::exists(file, missing), DataError, file.string(),
             ": there is no such file: is this a folder of results of savp_evaluate?");
  const auto summary = try_json(read_whole_file(file)).value_or(Json());
  SAVP_CHECK(text_at(summary, "format") == kSummaryFormat, DataError, file.string(),
             ": is no summary of format ", kSummaryFormat, ": run savp_evaluate again");
  return summary;
}

}  // namespace savp
