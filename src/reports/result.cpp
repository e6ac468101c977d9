#include "reports/result.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <system_error>

#include "checkpoints/description_files.h"
#include "core/error.h"
#include "core/text.h"
#include "evaluation/kept_features.h"
#include "evaluation/metric_table.h"
#include "evaluation/summary.h"
#include "io/json_text.h"
#include "io/whole_file.h"
#include "metrics/metric_names.h"

namespace savp::reports {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kBaselines[] = {"ground_truth", "repeat"};

double number_of(const Json& value) { return value.is_number() ? value.get<double>() : kNone; }

double number_in(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? number_of(object[key]) : kNone;
}

Number interval_of(const Json& object) {
  return {number_in(object, "value"), number_in(object, "low"), number_in(object, "high")};
}

std::vector<double> numbers_of(const Json& object, const char* key) {
  std::vector<double> values;
  if (object.is_object() && object.contains(key) && object[key].is_array())
    for (const auto& value : object[key]) values.push_back(number_of(value));
  return values;
}

Curve curve_of(const Json& object) {
  Curve curve{numbers_of(object, "value"), numbers_of(object, "low"), numbers_of(object, "high")};
  if (curve.low.size() != curve.value.size() || curve.high.size() != curve.value.size())
    curve.low.clear(), curve.high.clear();
  return curve;
}

const Json& part(const Json& object, const char* key) {
  static const Json kNull;
  return object.is_object() && object.contains(key) ? object[key] : kNull;
}

// An object, also where there is something else.
const Json& object_in(const Json& row, const char* key) {
  static const Json kEmpty = Json::object();
  const auto& found = part(row, key);
  return found.is_object() ? found : kEmpty;
}

Metric metric_of(const Json& row) {
  Metric metric{.name = text_at(row, "name"),
                .unit = text_at(row, "unit"),
                .definition = text_at(row, "definition"),
                .better = text_at(row, "better", "none"),
                .best = text_at(row, "best", "avg"),
                .fingerprint = text_at(row, "fingerprint"),
                .network = text_at(row, "network"),
                .decimals = static_cast<int>(std::clamp<int64_t>(number_at(row, "decimals", 4), 0, 9)),
                .samples = text_at(row, "samples_csv")};
  for (const auto& [key, value] : object_in(row, "values").items()) metric.values[key] = interval_of(value);
  for (const auto& [key, value] : object_in(row, "curves").items()) metric.curves[key] = curve_of(value);
  for (const auto& [key, value] : object_in(row, "csv").items())
    if (value.is_string()) metric.tables[key] = value.get<std::string>();
  if (const auto& baseline = part(row, "baseline"); baseline.is_object()) {
    metric.baseline = interval_of(baseline);
    metric.baseline_curve = curve_of(part(baseline, "curve"));
  }
  return metric;
}

std::optional<RankHistogram> ranks_of(const Json& summary) {
  const auto& found = part(summary, "rank_histogram");
  RankHistogram ranks{text_at(found, "metric"), {}};
  for (const double count : numbers_of(found, "counts")) ranks.counts.push_back(std::llround(count));
  return ranks.counts.size() < 2 ? std::nullopt : std::optional(ranks);
}

// --- Results without summary.json

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNone : sum / static_cast<double>(values.size());
}

Curve curve_of(const MetricTable& table) {
  Curve curve;
  for (size_t frame = 0; !table.rows.empty() && frame < table.rows.front().size(); ++frame) {
    double sum = 0;
    for (const auto& row : table.rows) sum += row[frame];
    curve.value.push_back(sum / static_cast<double>(table.rows.size()));
  }
  return curve;
}

// The older versions' metrics were all of frames.
Metric& add_metric(std::vector<Metric>& metrics, const std::string& name) {
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.name == name; });
  if (found != metrics.end()) return *found;
  Metric metric{.name = name};
  if (const auto* traits = find_traits(name)) {
    if (traits->better != Better::kNeither) metric.better = metric.best = enum_name(traits->better);
    metric.unit = traits->unit;
  }
  return metrics.emplace_back(std::move(metric));
}

void add_table(std::vector<Metric>& metrics, const fs::path& folder, const fs::path& csv) {
  const auto table = MetricTable::read(csv);
  auto& metric = add_metric(metrics, table.metric);
  const auto curve = curve_of(table);
  metric.values[table.subtask] = {mean(curve.value), kNone, kNone};
  metric.curves[table.subtask] = curve;
  metric.tables[table.subtask] = csv.lexically_relative(folder).string();
}

void add_set(std::vector<Metric>& metrics, const fs::path& csv) {
  const auto set = SetResult::read(csv);
  auto& metric = add_metric(metrics, set.metric);
  metric.better = "min";
  metric.best = "value";
  metric.decimals = set.decimals;
  metric.values["value"] = {set.value, set.low, set.high};
}

std::vector<fs::path> tables_in(const fs::path& folder) {
  std::vector<fs::path> tables;
  std::error_code unreadable;
  for (const auto& task : fs::directory_iterator(folder, unreadable)) {
    if (task.path().filename().string().rfind("prediction_eval_", 0) != 0) continue;
    for (const auto& file : fs::directory_iterator(task.path() / "metrics", unreadable))
      if (file.path().extension() == ".csv") tables.push_back(file.path());
  }
  std::sort(tables.begin(), tables.end());
  return tables;
}

Result of_tables(const fs::path& folder) {
  Result result{.folder = folder, .label = folder.filename().string()};
  for (const auto& csv : tables_in(folder)) {
    const auto task = csv.parent_path().parent_path().filename().string();
    const bool of_set = task.size() > 4 && task.compare(task.size() - 4, 4, "_set") == 0;
    of_set ? add_set(result.metrics, csv) : add_table(result.metrics, folder, csv);
  }
  std::stable_sort(result.metrics.begin(), result.metrics.end(),
                   [](const auto& a, const auto& b) { return a.name == "psnr" && b.name != "psnr"; });
  return result;
}

Result of_summary(const fs::path& folder) {
  const auto file = folder / kSummaryFile;
  auto summary = read_summary(folder);
  Result result{.folder = folder, .label = text_at(part(summary, "model"), "label")};
  if (result.label.empty()) result.label = folder.filename().string();
  SAVP_CHECK(part(summary, "metrics").is_array(), DataError, file.string(), ": has no list of metrics");
  for (const auto& row : summary["metrics"]) {
    SAVP_CHECK(!text_at(row, "name").empty(), DataError, file.string(), ": one of its metrics has no name");
    result.metrics.push_back(metric_of(row));
  }
  result.ranks = ranks_of(summary);
  result.summary = std::move(summary);
  return result;
}

// --- Training

constexpr const char* kTrainingCurves[] = {"g_loss", "d_loss", "val_psnr"};

std::vector<TrainingCurve> read_training(const fs::path& run) {
  std::vector<TrainingCurve> curves;
  for (const char* name : kTrainingCurves) curves.push_back({name, {}, {}});
  const auto text = read_if_there(run / "metrics.jsonl").value_or("");
  for (size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = try_json(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    if (!line) continue;
    for (auto& curve : curves) {
      const double step = number_in(*line, "step"), value = number_in(*line, curve.name.c_str());
      if (std::isfinite(step) && std::isfinite(value)) {
        curve.steps.push_back(step);
        curve.values.push_back(value);
      }
    }
  }
  std::erase_if(curves, [](const auto& curve) { return curve.steps.size() < 2; });
  return curves;
}

bool holds_results(const fs::path& folder) {
  std::error_code unreadable;
  return fs::exists(folder / kSummaryFile, unreadable) || !tables_in(folder).empty();
}

// By name, baselines last.
std::pair<bool, std::string> place(const fs::path& folder) {
  const auto name = folder.filename().string();
  return {std::count(std::begin(kBaselines), std::end(kBaselines), name) > 0, name};
}

std::vector<fs::path> results_within(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable))
    if (holds_results(entry.path())) found.push_back(entry.path());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return place(a) < place(b); });
  return found;
}

}  // namespace

const Metric* Result::metric(const std::string& name) const {
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const auto& row) { return row.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

std::string Result::fingerprint() const { return text_at(summary, "fingerprint"); }

bool Result::deterministic() const { return of_deterministic_model(summary); }

std::vector<fs::path> Result::files() const {
  std::vector<fs::path> all;
  for (const char* name : {kSummaryFile, kFeaturesFile}) all.push_back(folder / name);
  for (const char* name : kDescriptionFiles) all.push_back(folder / name);
  for (const auto& metric : metrics) {
    for (const auto& [subtask, table] : metric.tables) all.push_back(folder / table);
    if (!metric.samples.empty()) all.push_back(folder / metric.samples);
  }
  return all;
}

Result read_result(const fs::path& folder) {
  std::error_code unreadable;
  const bool told = fs::exists(folder / kSummaryFile, unreadable);
  auto result = told ? of_summary(folder) : of_tables(folder);
  SAVP_CHECK(
      !result.metrics.empty(), DataError, folder.string(),
      ": holds no results of savp_evaluate (neither summary.json nor prediction_eval_*/metrics/*.csv)");
  const auto checkpoint = text_at(part(result.summary, "model"), "checkpoint");
  if (!checkpoint.empty()) result.training = read_training(fs::path(checkpoint).parent_path());
  return result;
}

void tell_apart(std::vector<Result>& results) {
  std::map<std::string, int> count;
  for (const auto& result : results) ++count[result.label];
  for (auto& result : results)
    if (count[result.label] > 1) result.label += concat(" (", result.folder.filename().string(), ")");
}

std::vector<fs::path> find_results(const std::vector<std::string>& folders) {
  std::vector<fs::path> found;
  for (const auto& name : folders) {
    std::error_code unreadable;
    fs::path folder = fs::path(name).lexically_normal();
    if (folder.filename().empty()) folder = folder.parent_path();
    SAVP_CHECK(fs::is_directory(folder, unreadable), DataError, name, ": no such folder");
    const auto within = holds_results(folder) ? std::vector{folder} : results_within(folder);
    SAVP_CHECK(!within.empty(), DataError, name,
               ": neither it nor a folder in it holds results of savp_evaluate");
    found.insert(found.end(), within.begin(), within.end());
  }
  return found;
}

bool comparison_known(const Result& one, const Result& other) {
  return !one.fingerprint().empty() && !other.fingerprint().empty();
}

std::string difference(const Result& one, const Result& other) {
  if (!comparison_known(one, other)) return "how they were made is not known";
  if (one.fingerprint() == other.fingerprint()) return "";
  const auto words = what_differs(one.summary, other.summary);
  if (words.empty() && !any_number_of_samples(one.summary, other.summary)) return "made in another way";
  return join_words(words);
}

bool same_way(const Result& one, const Result& other, const std::string& metric) {
  const auto &a = *one.metric(metric), &b = *other.metric(metric);
  if (a.fingerprint == b.fingerprint) return true;
  return any_number_of_samples(one.summary, other.summary) && difference(one, other).empty() &&
         a.definition == b.definition && a.network == b.network;
}

const Result& reference(const std::vector<Result>& results) {
  const auto found = std::find_if(results.begin(), results.end(),
                                  [](const auto& result) { return !result.deterministic(); });
  return found == results.end() ? results.front() : *found;
}

const Result* reference(const std::vector<Result>& results, const std::string& metric) {
  const auto& of_all = reference(results);
  const Result* first = nullptr;
  for (const auto& result : results) {
    if (result.metric(metric) == nullptr) continue;
    const bool stands_for_all = &result == &of_all || difference(of_all, result).empty();
    if (stands_for_all && !result.deterministic()) return &result;
    if (first == nullptr || (stands_for_all && !difference(of_all, *first).empty())) first = &result;
  }
  return first;
}

}  // namespace savp::reports
