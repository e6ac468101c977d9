// The report: one HTML file that needs nothing else, neither network nor server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reports/result.h"
#include "reports/table.h"

namespace savp::reports {

// A chart and the name of the file it may be saved as ("psnr").
struct NamedChart {
  std::string name, svg;
};

// Of each metric by predicted frame: the best of the samples, dashed their mean, with bands of 95 %. Results
// that cannot be compared with the first are left out of charts it is in.
std::vector<NamedChart> metric_charts(const std::vector<Result>& results);

struct PageOptions {
  std::string title = "Results";
  int64_t sequences = 5;  // shown as videos; 0: none
};

std::string page(const std::vector<Result>& results, const Table& table, const PageOptions& options);

// The charts' style, for svg.h's standalone().
std::string chart_style();

}  // namespace savp::reports
