// Results side by side: a row a model, a column a number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/result.h"

namespace savp::reports {

struct Cell {
  Number number;
  bool best = false;     // of those that may be compared
  bool foreign = false;  // measured in another way than what this column is compared with
};

struct Column {
  std::string metric, subtask;      // "psnr", "max"
  std::string heading, subheading;  // "psnr (dB)", "best of the samples"
  std::string better;               // "max", "min" or "none"
  int decimals = 4;
};

struct Row {
  std::string label;
  std::vector<Cell> cells;  // one a column
  std::string note;         // how it differs from the reference, or nothing
  bool baseline = false;
};

struct Table {
  std::string reference;  // label of what all are compared with
  std::vector<Column> columns;
  std::vector<Row> rows;
};

// The columns are those of all results, in the order in which they come first: of each metric the best of the
// samples, then their mean. Results that differ from the reference (reference(), result.h) in what must be
// equal, and single numbers that were measured in another way than its, are marked and take no part in what
// is the best. The baseline "repeat" is the last row, where the reference tells it.
Table make_table(const std::vector<Result>& results);

// Rows in the order of a column's numbers, the best first; rows that cannot be compared come last, baselines
// stay. Throws UsageError where no column is of that metric.
void sort_by(Table& table, const std::string& metric);

// Comma-separated: model, metric, samples, value, low, high, note (RFC 4180).
std::string csv(const Table& table);

// A tabular for the package booktabs; the best are bold.
std::string latex(const Table& table);

std::string html(const Table& table);

}  // namespace savp::reports
