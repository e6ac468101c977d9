// Charts as SVG, drawn by the class names of page.css: in a page they follow its colours, light or dark.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace savp::reports {

// Points with the same index belong together. NaN breaks a line.
struct Line {
  std::string label;
  size_t color = 0;  // number of the model; kBaselineColor for baselines
  bool dashed = false;
  std::vector<double> x, y;
  std::vector<double> low = {}, high = {};  // a band, or empty
};

inline constexpr size_t kColors = 8;
inline constexpr size_t kBaselineColor = kColors;

// The class of a model's colour: "c0" .. "c7", then from the start; "base".
std::string color_class(size_t color);

struct Chart {
  std::string title, x_label, y_label;
  std::vector<Line> lines;
};

// <svg class="chart" role="img">, with axes whose marks are round numbers. The values' range is that of the
// lines and bands. Empty where no line has two points.
std::string line_chart(const Chart& chart);

// One bar a rank and, dashed, the height that they had if all were as frequent.
std::string rank_chart(const std::string& title, const std::vector<int64_t>& counts, size_t color);

// The chart with the colours of a light page, as a file of its own. `style` is page.css.
std::string standalone(const std::string& svg, const std::string& style);

}  // namespace savp::reports
