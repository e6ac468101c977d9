#include "evaluation/metric_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>

namespace savp {
namespace {

const std::string kThickLine = std::string(31, '=') + "\n", kThinLine = std::string(31, '-') + "\n";

double mean_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Of the whole population, not an estimate from a sample.
double deviation_of(const std::vector<float>& values) {
  const double mean = mean_of(values);
  double sum = 0;
  for (const float value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

std::vector<float> flat(const std::vector<std::vector<float>>& rows) {
  std::vector<float> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

std::string fixed(double value, int width, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%*.*f", width, decimals, std::isnan(value) ? std::fabs(value) : value);
  return text;
}

std::string right(std::string_view text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ').append(text);
}

std::string without_end(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string mean_cell(const MetricTable& table) {
  return fixed(mean_of(flat(table.rows)), 11, table.decimals);
}

// In the order in which they first come.
std::vector<std::string> subtasks_of(const std::vector<MetricTable>& tables) {
  std::vector<std::string> names;
  for (const auto& table : tables)
    if (std::find(names.begin(), names.end(), table.subtask) == names.end()) names.push_back(table.subtask);
  return names;
}

}  // namespace

std::string shortest_text(float value) {
  if (std::isnan(value)) return "nan";
  const float size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4F && size < 1e16F) || std::isinf(value);
  char text[64];
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const std::string_view digits(text, std::to_chars(text, text + sizeof(text), value, format).ptr - text);
  const bool whole = plain && !std::isinf(value) && digits.find('.') == std::string_view::npos;
  return std::string(digits) + (whole ? ".0" : "");
}

std::string MetricTable::task() const { return "prediction_eval_" + metric + "_" + subtask; }

std::string MetricTable::csv() const {
  std::string text = "sample_ind\t";
  for (size_t t = 0; t < rows.at(0).size(); ++t) text += std::to_string(t) + "\t";
  text += "mean\r\n";
  for (size_t video = 0; video < rows.size(); ++video) {
    text += std::to_string(video) + "\t";
    for (const float value : rows[video]) text += shortest_text(value) + "\t";
    text += shortest_text(static_cast<float>(mean_of(rows[video]))) + "\r\n";
  }
  return text;
}

std::string MetricTable::text() const {
  const auto line = [&](const std::string& step, const std::vector<float>& values) {
    return right(step, 10) + " " + fixed(mean_of(values), 10, decimals) + " (" +
           fixed(deviation_of(values), 7, decimals) + ")\n";
  };
  std::string text = kThickLine + task() + " " + metric + "\n" + kThinLine;
  text += right("time step", 10) + " " + right(metric, 20) + "\n";
  for (size_t t = 0; t < rows.at(0).size(); ++t) {
    std::vector<float> values;
    for (const auto& row : rows) values.push_back(row[t]);
    text += line(std::to_string(t), values);
  }
  return text + line("mean (std)", flat(rows)) + kThickLine;
}

std::string closing_text(const std::vector<MetricTable>& tables, const std::vector<MetricTable>& repeat) {
  const auto names = subtasks_of(tables);
  std::string text, header = right("mean over all", 15), means;
  for (const auto& subtask : names) header += right(subtask, 11) + " ";
  for (auto table = tables.begin(); table != tables.end();) {
    const auto& metric = table->metric;
    const auto end =
        std::find_if(table, tables.end(), [&](const auto& other) { return other.metric != metric; });
    const auto best = std::find_if(table, end, [](const auto& other) { return other.is_best; });
    text += (best == end ? table : best)->text();
    std::map<std::string, std::string> cells;  // by subtask
    for (; table != end; ++table) cells[table->subtask] = mean_cell(*table) + (table->is_best ? "*" : " ");
    auto line = right(metric, 15);
    for (const auto& subtask : names) line += right(cells[subtask], 12);
    for (const auto& baseline : repeat)
      if (baseline.metric == metric) line += right(mean_cell(baseline), 11);
    means += without_end(line) + "\n";
  }
  if (!repeat.empty()) header += right("repeat", 11);
  text += without_end(header) + "\n" + means;
  const auto marked = [](const auto& table) { return table.is_best; };
  if (std::any_of(tables.begin(), tables.end(), marked)) text += "* the best of the samples by this metric\n";
  if (!repeat.empty()) text += "repeat: the last context frame, shown again for every frame (a baseline)\n";
  return text;
}

}  // namespace savp
