#include "evaluation/metric_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "core/error.h"
#include "core/printable.h"
#include "io/whole_file.h"
#include "metrics/metric_names.h"

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

}  // namespace

namespace {

constexpr const char* kTaskStart = "prediction_eval_";

// Of ".../prediction_eval_METRIC_SUBTASK/metrics/METRIC.csv"; empty for ".../prediction_eval_METRIC/...".
std::string subtask_of(const std::filesystem::path& file) {
  const auto start = kTaskStart + file.stem().string() + "_";
  const auto task = file.parent_path().parent_path().filename().string();
  if (task + "_" == start) return "";
  SAVP_CHECK(task.starts_with(start) && task.size() > start.size(), DataError, printable(file.string()),
             ": is in no folder ", start, "... of an evaluation");
  return task.substr(start.size());
}

// The cells of each line.
std::vector<std::vector<std::string>> cells_of(const std::filesystem::path& file) {
  std::vector<std::vector<std::string>> lines;
  const auto text = read_whole_file(file);
  for (std::string_view left = text; !left.empty();) {
    const auto end = left.find("\r\n");
    SAVP_CHECK(end != std::string_view::npos, DataError, printable(file.string()), ", line ",
               lines.size() + 1, ": is cut short");
    auto& cells = lines.emplace_back();
    for (std::string_view line = left.substr(0, end);;) {
      const auto tab = line.find('\t');
      cells.emplace_back(line.substr(0, tab));
      if (tab == std::string_view::npos) break;
      line.remove_prefix(tab + 1);
    }
    left.remove_prefix(end + 2);
  }
  return lines;
}

template <class Number>
Number number_in(const std::filesystem::path& file, size_t line, const std::string& cell) {
  Number value = 0;
  const auto [end, failure] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  SAVP_CHECK(failure == std::errc() && end == cell.data() + cell.size(), DataError, printable(file.string()),
             ", line ", line, ": \"", shown(cell), "\" is no number");
  return value;
}

// The shortest text that gives the number back.
std::string exact_text(double value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

// "4 videos", "1 video".
std::string of(int64_t count, const char* what) { return concat(count, " ", what, count == 1 ? "" : "s"); }

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

std::string MetricTable::task() const { return kTaskStart + metric + (subtask.empty() ? "" : "_" + subtask); }

std::string MetricTable::label() const { return metric + (subtask.empty() ? "" : " " + subtask); }

Interval MetricTable::mean() const { return mean_interval(row_means(rows)); }

MetricTable MetricTable::read(const std::filesystem::path& file) {
  MetricTable table{file.stem().string(), subtask_of(file)};
  if (const auto* traits = find_traits(table.metric)) {
    table.is_best = (table.subtask == "max" && traits->better == Better::kHigher) ||
                    (table.subtask == "min" && traits->better == Better::kLower);
    table.decimals = traits->decimals;
  }
  const auto lines = cells_of(file);
  const bool headed =
      !lines.empty() && lines[0].size() >= 2 && lines[0].front() == "sample_ind" && lines[0].back() == "mean";
  SAVP_CHECK(headed, DataError, printable(file.string()),
             ", line 1: is no header \"sample_ind 0 1 ... mean\"");
  for (size_t i = 1; i < lines.size(); ++i) {
    SAVP_CHECK(lines[i].size() == lines[0].size(), DataError, printable(file.string()), ", line ", i + 1,
               ": has ", lines[i].size(), " columns, the header ", lines[0].size());
    auto& row = table.rows.emplace_back();
    for (size_t t = 1; t + 1 < lines[i].size(); ++t)
      row.push_back(number_in<float>(file, i + 1, lines[i][t]));
  }
  return table;
}

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

namespace {

// "21.14  [20.90, 21.38]", the number in at least so many columns.
std::string interval_text(const Interval& value, int width, int decimals, const char* between) {
  auto text = fixed(value.value, width, decimals);
  if (value.low && value.high)
    text += concat(between, "[", fixed(*value.low, 0, decimals), ", ", fixed(*value.high, 0, decimals), "]");
  return text;
}

}  // namespace

std::string closing_line(const std::string& label, const Interval& value, int decimals,
                         const std::string& rest) {
  return right(label, 20) + "  " + interval_text(value, 11, decimals, "  ") + rest + "\n";
}

namespace {

std::string set_line(const SetResult& result) {
  const auto context = result.context_frames > 0 ? concat(" and ", result.context_frames, " of context") : "",
             endless = result.unbounded
                           ? concat("; ", interval_text(*result.unbounded, 0, result.decimals, " "),
                                    " for endlessly many")
                           : "";
  return closing_line(result.metric, {result.value, result.low, result.high}, result.decimals,
                      concat("  ", of(result.videos, "sequence"), ", ", of(result.samples, "future"),
                             " of each, ", result.frames, " predicted frames", context, endless));
}

// The lines of the tables of one metric.
std::string lines_of(const std::vector<MetricTable>& tables) {
  std::string text;
  for (const auto& table : tables)
    text += closing_line(table.label(), table.mean(), table.decimals, table.is_best ? " *" : "");
  return text;
}

}  // namespace

std::string closing_text(const std::vector<MetricTable>& tables, const std::vector<MetricTable>& repeat,
                         const std::vector<SetResult>& sets) {
  std::string text, lines;
  for (auto table = tables.begin(); table != tables.end();) {
    const auto& metric = table->metric;
    const auto end =
        std::find_if(table, tables.end(), [&](const auto& other) { return other.metric != metric; });
    const auto best = std::find_if(table, end, [](const auto& other) { return other.is_best; });
    text += (best == end ? table : best)->text();
    lines += lines_of({table, end});
    for (const auto& baseline : repeat)
      if (baseline.metric == metric)
        lines += closing_line(metric + " repeat", baseline.mean(), baseline.decimals);
    table = end;
  }
  for (const auto& result : sets) lines += set_line(result);
  text += right("mean over all", 20) + "\n" + lines + "[ ]: 95 % by bootstrap over the sequences\n";
  const auto marked = [](const auto& table) { return table.is_best; };
  if (std::any_of(tables.begin(), tables.end(), marked)) text += "* the best of the samples by this metric\n";
  if (!repeat.empty()) text += "repeat: the last context frame, shown again for every frame (a baseline)\n";
  return text;
}

namespace {

constexpr size_t kSetColumns = 11;
constexpr const char* kSetHeader =
    "metric\tvalue\tlow\thigh\tunbounded\tunbounded_low\tunbounded_high\tvideos\tsamples\tcontext_frames\t"
    "frames\r\n";

std::string text_or_nothing(const std::optional<double>& value) { return value ? exact_text(*value) : ""; }

}  // namespace

std::string SetResult::task() const { return kTaskStart + metric + "_set"; }

std::string SetResult::csv() const {
  return concat(kSetHeader, metric, "\t", exact_text(value), "\t", exact_text(low), "\t", exact_text(high),
                "\t", unbounded ? exact_text(unbounded->value) : "", "\t",
                unbounded ? text_or_nothing(unbounded->low) : "", "\t",
                unbounded ? text_or_nothing(unbounded->high) : "", "\t", videos, "\t", samples, "\t",
                context_frames, "\t", frames, "\r\n");
}

SetResult SetResult::read(const std::filesystem::path& file) {
  const auto lines = cells_of(file);
  const bool of_set = lines.size() == 2 && lines[0].size() > 1 && lines[0].size() == lines[1].size() &&
                      lines[0][0] == "metric" && lines[0][1] == "value";
  SAVP_CHECK(of_set, DataError, printable(file.string()), ": is not the table of a metric of whole sets");
  SAVP_CHECK(lines[0].size() == kSetColumns && lines[0][4] == "unbounded", DataError,
             printable(file.string()), ": is of another version (", lines[0].size(), " columns, now ",
             kSetColumns, "): run savp_evaluate again, which measures it anew");
  const auto real = [&](size_t column) { return number_in<double>(file, 2, lines[1][column]); };
  const auto whole = [&](size_t column) { return number_in<int64_t>(file, 2, lines[1][column]); };
  SetResult result{lines[1][0], real(1), real(2), real(3)};
  const auto if_there = [&](size_t column) {
    return lines[1][column].empty() ? std::nullopt : std::optional(real(column));
  };
  if (const auto unbounded = if_there(4)) result.unbounded = {*unbounded, if_there(5), if_there(6)};
  result.videos = whole(7);
  result.samples = whole(8);
  result.context_frames = whole(9);
  result.frames = whole(10);
  if (const auto* traits = find_traits(result.metric)) result.decimals = traits->decimals;
  return result;
}

}  // namespace savp
