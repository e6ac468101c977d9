#include "reports/table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "core/error.h"
#include "core/text.h"
#include "reports/html.h"

namespace savp::reports {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kForeign = "measured in another way than what the column is compared with";
constexpr Number kNoNumber{kNone, kNone, kNone};

std::string words_of(const std::string& subtask, const Metric& metric) {
  if (subtask == "value") return "of all sequences";
  if (subtask == "avg") return metric.best == "avg" ? "mean" : "mean of samples";
  return "best of samples";
}

void add_column(std::vector<Column>& columns, const Metric& metric, const std::string& subtask) {
  const bool known = std::any_of(columns.begin(), columns.end(), [&](const auto& column) {
    return column.metric == metric.name && column.subtask == subtask;
  });
  if (known || metric.values.count(subtask) == 0) return;
  const auto heading = metric.unit.empty() ? metric.name : concat(metric.name, " (", metric.unit, ")");
  columns.push_back(
      {metric.name, subtask, heading, words_of(subtask, metric), metric.better, metric.decimals});
}

Cell cell_of(const Result& result, const std::vector<Result>& results, const Column& column) {
  const auto* metric = result.metric(column.metric);
  if (metric == nullptr || metric->values.count(column.subtask) == 0) return {kNoNumber};
  const bool foreign = !same_way(*reference(results, column.metric), result, column.metric);
  return {metric->values.at(column.subtask), false, foreign};
}

Row row_of(const Result& result, const std::vector<Result>& results, const std::vector<Column>& columns) {
  const auto& of_all = reference(results);
  Row row{.label = result.label, .note = &result == &of_all ? "" : difference(of_all, result)};
  for (const auto& column : columns) row.cells.push_back(cell_of(result, results, column));
  return row;
}

Row baseline_row(const std::vector<Result>& results, const std::vector<Column>& columns) {
  Row row{.label = "baseline: repeat the last frame", .baseline = true};
  for (const auto& column : columns) {
    const auto* metric = reference(results, column.metric)->metric(column.metric);
    const bool there = metric->baseline && column.subtask == "avg";
    row.cells.push_back({there ? *metric->baseline : kNoNumber});
  }
  return row;
}

bool takes_part(const Row& row, size_t column) {
  const auto& cell = row.cells[column];
  return row.note.empty() && !row.baseline && !cell.foreign && !std::isnan(cell.number.value);
}

// A mark of its own, where the row has none for all its numbers.
bool is_marked(const Row& row, const Cell& cell) {
  return row.note.empty() && cell.foreign && !std::isnan(cell.number.value);
}

bool better_than(const Column& column, double a, double b) { return column.better == "min" ? a < b : a > b; }

void mark_best(Table& table) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const auto& column = table.columns[i];
    std::vector<Row*> rows;
    for (auto& row : table.rows)
      if (takes_part(row, i)) rows.push_back(&row);
    if (rows.size() < 2 || column.better == "none") continue;
    const auto best =
        (*std::min_element(rows.begin(), rows.end(),
                           [&](const Row* a, const Row* b) {
                             return better_than(column, a->cells[i].number.value, b->cells[i].number.value);
                           }))
            ->cells[i]
            .number.value;
    for (auto* row : rows) row->cells[i].best = row->cells[i].number.value == best;
  }
}

bool has_interval(const Number& number) { return !std::isnan(number.low) && !std::isnan(number.high); }

std::string exact(double value) {
  if (std::isnan(value)) return "";
  std::ostringstream text;
  text.precision(9);
  text << value;
  return text.str();
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted.append(letter == '"' ? 2 : 1, letter);
  return quoted + "\"";
}

std::string latex_text(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    if (letter == '\\')
      safe += "\\textbackslash{}";
    else if (letter == '~' || letter == '^')
      safe += concat("\\", letter, "{}");
    else
      safe += std::string("#$%&_{}").find(letter) == std::string::npos ? std::string(1, letter)
                                                                       : concat("\\", letter);
  }
  return safe;
}

std::string latex_cell(const Row& row, const Cell& cell, int decimals) {
  if (std::isnan(cell.number.value)) return "--";
  auto text = number_text(cell.number.value, decimals);
  if (cell.best) text = concat("\\textbf{", text, "}");
  if (is_marked(row, cell)) text += "$^\\ddagger$";
  if (!has_interval(cell.number)) return text;
  return concat(text, " {\\scriptsize [", number_text(cell.number.low, decimals), ", ",
                number_text(cell.number.high, decimals), "]}");
}

const char* arrow(const Column& column) {
  if (column.better == "none") return "";
  return column.better == "min" ? " ↓" : " ↑";
}

std::string html_cell(const Row& row, const Cell& cell, int decimals) {
  if (std::isnan(cell.number.value)) return "<td class=\"none\">–</td>";
  auto text = concat("<span class=\"value\">", number_text(cell.number.value, decimals), "</span>");
  if (cell.best) text += "<span class=\"hidden\"> (best)</span>";
  if (is_marked(row, cell)) text += concat("<sup title=\"", kForeign, "\">‡</sup>");
  if (has_interval(cell.number))
    text += concat("<span class=\"interval\">[", number_text(cell.number.low, decimals), ", ",
                   number_text(cell.number.high, decimals), "]</span>");
  return concat(cell.best ? "<td class=\"best\">" : "<td>", text, "</td>");
}

std::string html_row(const Table& table, const Row& row, size_t number) {
  auto text =
      concat("<tr", row.baseline ? " class=\"baseline\"" : "", "><th scope=\"row\">", escaped(row.label));
  if (!row.note.empty()) text += concat("<sup><a href=\"#note", number, "\">†", number, "</a></sup>");
  text += "</th>";
  for (size_t i = 0; i < row.cells.size(); ++i)
    text += html_cell(row, row.cells[i], table.columns[i].decimals);
  return text + "</tr>\n";
}

}  // namespace

Table make_table(const std::vector<Result>& results) {
  Table table;
  for (const auto& result : results)
    for (const auto& metric : result.metrics)
      for (const auto& subtask : {metric.best, std::string("avg")})
        add_column(table.columns, metric, subtask);
  table.reference = reference(results).label;
  for (const auto& result : results) table.rows.push_back(row_of(result, results, table.columns));
  auto baseline = baseline_row(results, table.columns);
  const auto there = [](const Cell& cell) { return !std::isnan(cell.number.value); };
  if (std::any_of(baseline.cells.begin(), baseline.cells.end(), there))
    table.rows.push_back(std::move(baseline));
  mark_best(table);
  return table;
}

void sort_by(Table& table, const std::string& metric) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const auto& column) { return column.metric == metric; });
  std::vector<std::string> known;
  for (const auto& column : table.columns) known.push_back(column.metric);
  SAVP_CHECK(found != table.columns.end(), UsageError, "--sort_by: no result has the metric ", metric,
             did_you_mean(metric, known));
  const auto i = static_cast<size_t>(found - table.columns.begin());
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& a, const Row& b) {
    if (a.baseline != b.baseline) return b.baseline;
    if (takes_part(a, i) != takes_part(b, i)) return takes_part(a, i);
    return takes_part(a, i) && better_than(*found, a.cells[i].number.value, b.cells[i].number.value);
  });
}

std::string csv(const Table& table) {
  std::string text = "model,metric,samples,value,low,high,note\r\n";
  for (const auto& row : table.rows)
    for (size_t i = 0; i < row.cells.size(); ++i) {
      const auto& [number, best, foreign] = row.cells[i];
      if (std::isnan(number.value)) continue;
      const auto note = foreign && row.note.empty() ? "measured in another way" : row.note;
      text += concat(csv_field(row.label), ",", csv_field(table.columns[i].metric), ",",
                     table.columns[i].subtask, ",", exact(number.value), ",", exact(number.low), ",",
                     exact(number.high), ",", csv_field(note), "\r\n");
    }
  return text;
}

std::string latex(const Table& table) {
  auto text = concat("\\begin{tabular}{l", std::string(table.columns.size(), 'r'), "}\n\\toprule\n");
  for (const auto& column : table.columns)
    text += concat(" & ", latex_text(column.heading),
                   column.better == "none"  ? ""
                   : column.better == "min" ? " $\\downarrow$"
                                            : " $\\uparrow$");
  text += " \\\\\n";
  for (const auto& column : table.columns)
    text += concat(" & {\\scriptsize ", latex_text(column.subheading), "}");
  text += " \\\\\n\\midrule\n";
  for (const auto& row : table.rows) {
    text += concat(latex_text(row.label), row.note.empty() ? "" : "$^\\dagger$");
    for (size_t i = 0; i < row.cells.size(); ++i)
      text += " & " + latex_cell(row, row.cells[i], table.columns[i].decimals);
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string html(const Table& table) {
  std::string text =
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"table of results\"><table>\n"
      "<caption><span>Mean over sequences, with the 95 % interval where it is known. ↑ more is better, ↓ "
      "less is better; the best are bold.</span></caption>\n<thead><tr><th scope=\"col\">model</th>";
  for (const auto& column : table.columns)
    text += concat("<th scope=\"col\">", escaped(column.heading), arrow(column), "<small>",
                   escaped(column.subheading), "</small></th>");
  text += "</tr></thead>\n<tbody>\n";
  std::string notes;
  size_t number = 0;
  bool any_marked = false;
  for (const auto& row : table.rows) {
    number += row.note.empty() ? 0 : 1;
    text += html_row(table, row, number);
    for (const auto& cell : row.cells) any_marked = any_marked || is_marked(row, cell);
    if (!row.note.empty())
      notes +=
          concat("<li id=\"note", number, "\">†", number, " ", escaped(row.label),
                 " cannot be compared with ", escaped(table.reference), ": ", escaped(row.note), ".</li>\n");
  }
  if (any_marked) notes += concat("<li>‡ ", kForeign, ".</li>\n");
  text += "</tbody></table></div>\n";
  return notes.empty() ? text : concat(text, "<ul class=\"notes\">\n", notes, "</ul>\n");
}

}  // namespace savp::reports
