#include "evaluation/comparison.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "evaluation/kept_features.h"
#include "evaluation/metric_choice.h"
#include "evaluation/metric_table.h"
#include "evaluation/summary.h"
#include "evaluation/video_results.h"
#include "io/json_text.h"
#include "metrics/metric_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

bool are_texts(const Json& values) {
  return values.is_object() &&
         std::all_of(values.begin(), values.end(), [](const Json& value) { return value.is_string(); });
}

bool is_sound(const Json& metric) {
  const auto has_text = [&](const char* key) { return !text_at(metric, key).empty(); };
  return has_text("name") && has_text("kind") && has_text("best") && has_text("fingerprint") &&
         metric.contains("definition") && metric["definition"].is_string() && metric.contains("csv") &&
         are_texts(metric["csv"]);
}

// The summary's, each with all that comparing needs.
Json metrics_of(const Json& summary, const fs::path& folder) {
  const auto metrics = summary.value("metrics", Json());
  SAVP_CHECK(metrics.is_array() && std::all_of(metrics.begin(), metrics.end(), is_sound), DataError,
             (folder / kSummaryFile).string(), ": its list of metrics is damaged: run savp_evaluate again");
  return metrics;
}

// Null where there is none of this name.
const Json* find_metric(const Json& metrics, const std::string& name) {
  for (const auto& metric : metrics)
    if (metric.at("name") == name) return &metric;
  return nullptr;
}

// The values of its best samples, else of all together.
MetricTable table_of(const fs::path& folder, const Json& metric) {
  const std::string best = metric.at("best");
  return MetricTable::read(folder / metric.at("csv").at(best).get<std::string>());
}

PairedDifference difference_of(const MetricTable& a, const MetricTable& b) {
  auto of_a = row_means(a.rows);
  const auto of_b = row_means(b.rows);
  SAVP_CHECK(of_a.size() == of_b.size(), DataError, a.task(), ": has ", of_a.size(),
             " sequences in one result, ", of_b.size(), " in the other");
  for (size_t i = 0; i < of_a.size(); ++i) of_a[i] -= of_b[i];
  return {a.label(), a.decimals, a.mean().value, b.mean().value, mean_interval(of_a)};
}

// What a folder has kept of its videos.
FeatureSets features_in(const fs::path& folder) {
  const auto rows = read_features(folder);
  SAVP_CHECK(rows.has_value(), UsageError, "its features are not in ", folder.string(), " (", kFeaturesFile,
             "): run savp_evaluate again, which takes them from the cache");
  return feature_sets(*rows);
}

// As for other metrics, which videos a bootstrap sample has depends on their number alone.
PairedDifference set_difference(const std::string& name, const fs::path& a, const fs::path& b) {
  const auto* distance = set_distance(name);
  SAVP_CHECK(distance != nullptr, UsageError, "this version knows no such metric of whole sets");
  const auto of_a = features_in(a), of_b = features_in(b);
  const auto found = distance->difference(of_a, of_b, static_cast<uint64_t>(of_a.truth.size(0)));
  const auto& [value, low, high] = found.difference;
  return {name, find_traits(name)->decimals, found.a, found.b, {value, low, high}};
}

// Apart from what must be equal for all metrics.
bool same_definition(const Json& a, const Json& b) {
  return a.at("definition") == b.at("definition") && a.value("network", Json()) == b.value("network", Json());
}

constexpr const char* kInOneOnly = "is in one of the results only";

std::string obstacle(const Json& a, const Json* b, bool any_samples) {
  if (b == nullptr) return kInOneOnly;
  if (a.at("fingerprint") != b->at("fingerprint") && !(any_samples && same_definition(a, *b)))
    return concat("defined otherwise (", a.at("definition").get<std::string>(), " and ",
                  b->at("definition").get<std::string>(), ", or with other networks)");
  return a.at("csv").contains(a.at("best")) && a.at("best") == b->at("best") ? "" : "has other samples";
}

std::string cell(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%12.*f", decimals, value);
  return text;
}

}  // namespace

Comparison compare(const fs::path& a, const fs::path& b) {
  const auto summary_a = read_summary(a), summary_b = read_summary(b);
  const auto of_a = metrics_of(summary_a, a), of_b = metrics_of(summary_b, b);
  const auto refuse = [&](const std::vector<std::string>& reasons) {
    throw UsageError(concat(a.string(), " and ", b.string(), ": cannot be compared: ", join_words(reasons)));
  };
  if (const auto different = what_differs(summary_a, summary_b); !different.empty()) refuse(different);
  const bool any_samples = any_number_of_samples(summary_a, summary_b);
  // Throws UsageError where there is none.
  const auto difference = [&](const std::string& name, const Json& metric) {
    const auto* other = find_metric(of_b, name);
    const auto reason = obstacle(metric, other, any_samples);
    SAVP_CHECK(reason.empty(), UsageError, reason);
    return metric.at("kind") == "set" ? set_difference(name, a, b)
                                      : difference_of(table_of(a, metric), table_of(b, *other));
  };
  Comparison found;
  for (const auto& metric : of_a) {
    const std::string name = metric.at("name");
    try {
      found.differences.push_back(difference(name, metric));
    } catch (const UsageError& error) {
      found.left_out.push_back(concat(shown(name), ": ", error.what()));
    }
  }
  for (const auto& metric : of_b)
    if (const std::string name = metric.at("name"); find_metric(of_a, name) == nullptr)
      found.left_out.push_back(concat(shown(name), ": ", kInOneOnly));
  if (found.differences.empty()) refuse(found.left_out);
  return found;
}

std::string text(const Comparison& comparison) {
  std::string lines = concat(std::string(20, ' '), "           A           B       A - B\n");
  for (const auto& row : comparison.differences) {
    const auto pad = row.label.size() < 20 ? std::string(20 - row.label.size(), ' ') : "";
    lines += pad + row.label + cell(row.a, row.decimals) + cell(row.b, row.decimals) +
             cell(row.difference.value, row.decimals);
    if (const auto& [value, low, high] = row.difference; low && high) {
      const auto shown = [&](double number) {
        const auto padded = cell(number, row.decimals);
        return padded.substr(padded.find_first_not_of(' '));
      };
      lines += concat("  [", shown(*low), ", ", shown(*high), "]", *low > 0 || *high < 0 ? " *" : "");
    }
    lines += "\n";
  }
  lines += "[ ]: 95 % of A - B by bootstrap over the sequences, the same ones for both; *: 0 lies outside\n";
  for (const auto& reason : comparison.left_out) lines += "not compared: " + reason + "\n";
  return lines;
}

}  // namespace savp
