#include "reports/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "reports/html.h"

namespace savp::reports {
namespace {

// Of a drawing, in its own units; the plotted part lies within the margins.
constexpr double kWidth = 460, kHeight = 260, kLeft = 58, kRight = 14, kTop = 30, kBottom = 44;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void cover(const std::vector<double>& values) {
    for (const double value : values)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  }
  bool empty() const { return !(low <= high); }
  double span() const { return high - low; }
};

// A range that can be divided, with a little room above and below.
Range with_room(Range range, double share) {
  const double room = range.span() > 0 ? share * range.span() : std::max(1e-6, 0.05 * std::abs(range.low));
  return {range.low - room, range.high + room};
}

// 1, 2 or 5 times a power of ten, so that about `wanted` steps fill the span.
double round_step(double span, int wanted) {
  const double rough = span / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) return factor * power;
  return 10 * power;
}

std::string text(double value) {
  std::array<char, 32> letters = {};
  std::snprintf(letters.data(), letters.size(), "%.1f", value);
  return letters.data();
}

std::string mark_text(double value, double step) {
  if (std::abs(value) < step / 2) return "0";
  if (std::abs(value) >= 10000 && step >= 1000) return concat(value / 1000, "k");
  std::array<char, 32> letters = {};
  std::snprintf(letters.data(), letters.size(), "%.6g", value);
  return letters.data();
}

// Values to places in the drawing.
struct Axes {
  Range x, y;

  double column(double value) const { return kLeft + (value - x.low) / x.span() * (kWidth - kLeft - kRight); }
  double row(double value) const {
    return kHeight - kBottom - (value - y.low) / y.span() * (kHeight - kTop - kBottom);
  }
};

std::string label(const char* kind, double x, double y, const std::string& words) {
  return concat("<text class=\"", kind, "\" x=\"", text(x), "\" y=\"", text(y), "\">", escaped(words),
                "</text>");
}

std::string segment(const char* kind, double x1, double y1, double x2, double y2) {
  return concat("<line class=\"", kind, "\" x1=\"", text(x1), "\" y1=\"", text(y1), "\" x2=\"", text(x2),
                "\" y2=\"", text(y2), "\"/>");
}

std::string marks(const Axes& axes, bool whole_columns) {
  std::string drawn;
  const double rows = round_step(axes.y.span(), 4);
  for (double y = std::ceil(axes.y.low / rows) * rows; y <= axes.y.high; y += rows)
    drawn += segment("grid", kLeft, axes.row(y), kWidth - kRight, axes.row(y)) +
             label("mark row", kLeft - 6, axes.row(y) + 4, mark_text(y, rows));
  double columns = round_step(axes.x.span(), 6);
  if (whole_columns) columns = std::max(1.0, columns);
  for (double x = std::ceil(axes.x.low / columns) * columns; x <= axes.x.high; x += columns)
    drawn += label("mark column", axes.column(x), kHeight - kBottom + 16, mark_text(x, columns));
  return drawn + segment("axis", kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom);
}

std::string frame(const std::string& title, const std::string& x_label, const std::string& y_label) {
  const double middle = (kTop + kHeight - kBottom) / 2;
  return concat("<svg class=\"chart\" role=\"img\" aria-label=\"", escaped(title), "\" viewBox=\"0 0 ",
                kWidth, " ", kHeight, "\" xmlns=\"http://www.w3.org/2000/svg\">",
                label("title", kLeft, 16, title),
                label("name column", (kLeft + kWidth - kRight) / 2, kHeight - 8, x_label),
                "<text class=\"name column\" transform=\"translate(12 ", text(middle), ") rotate(-90)\">",
                escaped(y_label), "</text>");
}

std::string path_of(const Axes& axes, const std::vector<double>& x, const std::vector<double>& y) {
  std::string path;
  bool pen_down = false;
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const bool there = std::isfinite(x[i]) && std::isfinite(y[i]);
    if (there) path += concat(pen_down ? "L" : "M", text(axes.column(x[i])), " ", text(axes.row(y[i])));
    pen_down = there;
  }
  return path;
}

// From left to right along `high`, and back along `low`. Where either is not there, there is no band.
std::string band_of(const Axes& axes, const Line& line) {
  const auto finite = [](double value) { return std::isfinite(value); };
  if (line.low.size() != line.x.size() || line.high.size() != line.x.size() || line.x.size() < 2) return "";
  if (!std::all_of(line.low.begin(), line.low.end(), finite)) return "";
  if (!std::all_of(line.high.begin(), line.high.end(), finite)) return "";
  auto x = line.x;
  auto y = line.high;
  x.insert(x.end(), line.x.rbegin(), line.x.rend());
  y.insert(y.end(), line.low.rbegin(), line.low.rend());
  return concat("<path class=\"band ", color_class(line.color), "\" d=\"", path_of(axes, x, y), "Z\"/>");
}

std::string stroke_of(const Axes& axes, const Line& line) {
  return concat("<path class=\"line ", color_class(line.color), line.dashed ? " dashed" : "", "\" d=\"",
                path_of(axes, line.x, line.y), "\"><title>", escaped(line.label), "</title></path>");
}

// Enough for a drawing of this width.
Line thinned(const Line& line) {
  constexpr size_t kMost = 400;
  const size_t each = (line.x.size() + kMost - 1) / kMost;
  if (each <= 1) return line;
  Line few{line.label, line.color, line.dashed, {}, {}};
  for (size_t i = 0; i < line.x.size(); i += each) {
    const auto end = std::min(i + each, line.x.size());
    const auto mean = [&](const std::vector<double>& values) {
      return std::accumulate(values.begin() + static_cast<int64_t>(i),
                             values.begin() + static_cast<int64_t>(end), 0.0) /
             static_cast<double>(end - i);
    };
    few.x.push_back(mean(line.x));
    few.y.push_back(mean(line.y));
  }
  return few;
}

}  // namespace

std::string color_class(size_t color) {
  return color == kBaselineColor ? "base" : concat("c", color % kColors);
}

std::string line_chart(const Chart& chart) {
  Axes axes;
  size_t longest = 0;
  for (const auto& line : chart.lines) {
    axes.x.cover(line.x);
    axes.y.cover(line.y);
    axes.y.cover(line.low);
    axes.y.cover(line.high);
    longest = std::max(longest, line.x.size());
  }
  if (longest < 2 || axes.x.empty() || axes.y.empty()) return "";
  axes.x = with_room(axes.x, 0.01);
  axes.y = with_room(axes.y, 0.06);
  auto drawn = frame(chart.title, chart.x_label, chart.y_label) + marks(axes, /*whole_columns=*/true);
  for (const auto& line : chart.lines) drawn += band_of(axes, line);
  for (const auto& line : chart.lines) drawn += stroke_of(axes, thinned(line));
  return drawn + "</svg>";
}

std::string rank_chart(const std::string& title, const std::vector<int64_t>& counts, size_t color) {
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  if (counts.size() < 2 || total <= 0) return "";
  const double most = static_cast<double>(*std::max_element(counts.begin(), counts.end()));
  const auto ranks = static_cast<double>(counts.size());
  const Axes axes{{-0.5, ranks - 0.5}, {0, 1.08 * most / total}};
  auto drawn = frame(title, "rank of the truth among the samples", "share of frames") + marks(axes, true);
  for (size_t rank = 0; rank < counts.size(); ++rank) {
    const double left = axes.column(static_cast<double>(rank) - 0.45);
    const double right = axes.column(static_cast<double>(rank) + 0.45);
    const double top = axes.row(static_cast<double>(counts[rank]) / total);
    drawn += concat("<rect class=\"bar ", color_class(color), "\" x=\"", text(left), "\" y=\"", text(top),
                    "\" width=\"", text(right - left), "\" height=\"", text(axes.row(0) - top),
                    "\"><title>rank ", rank, ": ", counts[rank], "</title></rect>");
  }
  const double even = axes.row(1 / ranks);
  return drawn + segment("even", kLeft, even, kWidth - kRight, even) + "</svg>";
}

std::string standalone(const std::string& svg, const std::string& style) {
  const auto inside = svg.find('>') + 1;
  return concat(svg.substr(0, inside), "<style>", style, "</style>", svg.substr(inside), "\n");
}

}  // namespace savp::reports
