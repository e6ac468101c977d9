#include "training/curve_plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace savp {
namespace {

constexpr int kWidth = 480, kHeight = 320;                       // pixels
constexpr int kLeft = 62, kRight = 14, kTop = 30, kBottom = 40;  // margins, pixels
constexpr int kTicks = 6;                                        // about so many an axis
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kFontScale = 0.4;

const cv::Scalar kWhite(255, 255, 255), kGray(215, 215, 215), kBlack(40, 40, 40), kBlue(31, 119, 180);

struct Range {
  double low, high;
};

// 1, 2 or 5 times a power of ten: about kTicks of them in the range.
double tick_distance(const Range& range) {
  const double wanted = (range.high - range.low) / kTicks;
  const double power = std::pow(10.0, std::floor(std::log10(wanted)));
  for (const double nice : {1.0, 2.0, 5.0})
    if (nice * power >= wanted) return nice * power;
  return 10.0 * power;
}

// Of the finite values, a little wider; never empty.
Range range_of(const std::vector<double>& values) {
  Range range{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const double value : values)
    if (std::isfinite(value)) range = {std::min(range.low, value), std::max(range.high, value)};
  if (range.low > range.high) return {0, 1};
  const double least = std::max(std::abs(range.high) * 1e-3, 1e-9);
  const double margin = std::max(0.08 * (range.high - range.low), least);
  return {range.low - margin, range.high + margin};
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", std::abs(value) < 1e-12 ? 0.0 : value);
  return text;
}

class Plot {
 public:
  Plot(const Range& x, const Range& y) : x_(x), y_(y), canvas_(kHeight, kWidth, CV_8UC3, kWhite) {}

  void axes(const std::string& title) {
    const double across = std::max(1.0, tick_distance(x_)), up = tick_distance(y_);
    for (double x = std::ceil(x_.low / across) * across; x <= x_.high; x += across) {
      line({x, y_.low}, {x, y_.high}, kGray, 1);
      write(number(x), at({x, y_.low}) + cv::Point(0, 16), /*shift=*/0.5);
    }
    for (double y = std::ceil(y_.low / up) * up; y <= y_.high; y += up) {
      line({x_.low, y}, {x_.high, y}, kGray, 1);
      write(number(y), at({x_.low, y}) + cv::Point(-5, 4), /*shift=*/1);
    }
    cv::rectangle(canvas_, at({x_.low, y_.high}), at({x_.high, y_.low}), kBlack);
    write(title, {kWidth / 2, kTop - 11}, /*shift=*/0.5);
    write("frame", {(kLeft + kWidth - kRight) / 2, kHeight - 8}, /*shift=*/0.5);
  }

  void curve(int64_t first, const std::vector<double>& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) continue;
      const cv::Point2d here(static_cast<double>(first) + static_cast<double>(i), values[i]);
      cv::circle(canvas_, at(here), 3, kBlue, cv::FILLED, cv::LINE_AA);
      if (i > 0 && std::isfinite(values[i - 1])) line({here.x - 1, values[i - 1]}, here, kBlue, 2);
    }
  }

  Picture picture() const {
    const auto* bytes = canvas_.ptr<uint8_t>();
    return {kHeight, kWidth, 3, {bytes, bytes + canvas_.total() * 3}};
  }

 private:
  cv::Point at(const cv::Point2d& value) const {
    const double across = (value.x - x_.low) / (x_.high - x_.low),
                 up = (value.y - y_.low) / (y_.high - y_.low);
    return {kLeft + static_cast<int>(std::lround(across * (kWidth - kLeft - kRight))),
            kHeight - kBottom - static_cast<int>(std::lround(up * (kHeight - kTop - kBottom)))};
  }

  void line(const cv::Point2d& from, const cv::Point2d& to, const cv::Scalar& colour, int thickness) {
    cv::line(canvas_, at(from), at(to), colour, thickness, cv::LINE_AA);
  }

  // `shift`: which share of the text lies left of the point.
  void write(const std::string& text, cv::Point to, double shift) {
    int base = 0;
    const int width = cv::getTextSize(text, kFont, kFontScale, 1, &base).width;
    to.x -= static_cast<int>(std::lround(shift * width));
    cv::putText(canvas_, text, to, kFont, kFontScale, kBlack, 1, cv::LINE_AA);
  }

  Range x_, y_;
  cv::Mat canvas_;  // red, green, blue
};

}  // namespace

Picture plot(const std::string& title, int64_t first, const std::vector<double>& values) {
  const auto last = static_cast<double>(first) + static_cast<double>(values.size()) - 1;
  Plot drawn({static_cast<double>(first) - 0.5, last + 0.5}, range_of(values));
  drawn.axes(title);
  drawn.curve(first, values);
  return drawn.picture();
}

}  // namespace savp
