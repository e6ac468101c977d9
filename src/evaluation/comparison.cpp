#include "evaluation/comparison.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "evaluation/kept_features.h"
#include "evaluation/metric_table.h"
#include "evaluation/summary.h"
#include "evaluation/video_results.h"
#include "metrics/distances.h"
#include "metrics/metric_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// Null where there is none of this name.
const Json* find_metric(const Json& summary, const std::string& name) {
  for (const auto& metric : summary.at("metrics"))
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

// --- Metrics of whole sets, from the features of the videos

struct SetRow {
  MetricName name;
  SetDifference (*difference)(const FeatureSets& a, const FeatureSets& b, uint64_t seed);
};
constexpr SetRow kSetRows[] = {{MetricName::kFvd, frechet_difference}, {MetricName::kKvd, kernel_difference}};

// As for other metrics, which videos a bootstrap sample has depends on their number alone.
PairedDifference set_difference(const std::string& name, const FeatureSets& a, const FeatureSets& b) {
  const auto* row = std::find_if(std::begin(kSetRows), std::end(kSetRows),
                                 [&](const SetRow& known) { return enum_name(known.name) == name; });
  SAVP_CHECK(row != std::end(kSetRows), DataError, "summary.json names a metric of sets ", shown(name),
             ", which this version does not know");
  const auto found = row->difference(a, b, static_cast<uint64_t>(a.truth.size(0)));
  const auto& [value, low, high] = found.difference;
  return {name, traits_of(row->name).decimals, found.a, found.b, {value, low, high}};
}

// What the folders have kept, read where it is first asked for.
class KeptFeatures {
 public:
  KeptFeatures(const fs::path& a, const fs::path& b) : folders_{a, b} {}

  // The folder that has none; empty where both have some.
  std::string missing() {
    read();
    for (size_t i = 0; i < 2; ++i)
      if (!sets_[i]) return folders_[i].string();
    return "";
  }
  PairedDifference difference(const std::string& metric) const {
    return set_difference(metric, *sets_[0], *sets_[1]);
  }

 private:
  void read() {
    for (size_t i = 0; i < 2; ++i)
      if (!sets_[i])
        if (const auto rows = read_features(folders_[i])) sets_[i] = feature_sets(*rows);
  }

  fs::path folders_[2];
  std::optional<FeatureSets> sets_[2];
};

// Apart from what must be equal for all metrics.
bool same_definition(const Json& a, const Json& b) {
  return a.at("definition") == b.at("definition") && a.value("network", Json()) == b.value("network", Json());
}

std::string obstacle(const Json& a, const Json* b, const std::vector<std::string>& different,
                     bool any_samples) {
  if (b == nullptr) return "is in one of the results only";
  if (!different.empty()) return concat("measured otherwise (", join_words(different), ")");
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
  const auto of_a = read_summary(a), of_b = read_summary(b);
  const auto different = what_differs(of_a, of_b);
  const bool any_samples = any_number_of_samples(of_a, of_b);
  Comparison found;
  KeptFeatures features(a, b);
  for (const auto& metric : of_a.at("metrics")) {
    const std::string name = metric.at("name");
    const bool of_set = metric.at("kind") == "set";
    const auto* other = find_metric(of_b, name);
    auto reason = obstacle(metric, other, different, any_samples);
    if (const auto missing = reason.empty() && of_set ? features.missing() : ""; !missing.empty())
      reason = concat("its features are not in ", missing, " (", kFeaturesFile,
                      "): run savp_evaluate again, which takes them from the cache");
    if (!reason.empty())
      found.left_out.push_back(concat(name, ": ", reason));
    else
      found.differences.push_back(of_set ? features.difference(name)
                                         : difference_of(table_of(a, metric), table_of(b, *other)));
  }
  SAVP_CHECK(!found.differences.empty(), UsageError, a.string(), " and ", b.string(),
             ": cannot be compared: ", join_words(found.left_out));
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
