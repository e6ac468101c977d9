#include "making/toy_sight.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace savp {
namespace {

constexpr std::array<int, 3> kJoint = {244, 126, 44};
constexpr double kRim = 0.07;         // of the picture's side
constexpr double kLeastChroma = 0.2;  // floor, metal and rubber have less
constexpr double kNearHue = 0.3;      // radians

struct Hue {
  double angle, chroma;  // radians; 0 .. 1, largest less least component
};

Hue hue_of(double r, double g, double b) {
  const double high = std::max({r, g, b}), low = std::min({r, g, b});
  return {std::atan2(std::sqrt(3.0) * (g - b), 2 * r - g - b), high - low};
}

double between(double a, double b) { return std::abs(std::remainder(a - b, 2 * M_PI)); }

std::vector<double> hues_of(const std::vector<std::array<int, 3>>& blocks) {
  std::vector<double> hues;
  const auto add = [&](const std::array<int, 3>& c) { hues.push_back(hue_of(c[0], c[1], c[2]).angle); };
  add(kJoint);
  for (const auto& colour : blocks) add(colour);
  return hues;
}

double mean_distance(const std::vector<Point>& a, const std::vector<Point>& b, bool same) {
  double sum = 0;
  for (const auto& p : a)
    for (const auto& q : b) sum += std::hypot(p.x - q.x, p.y - q.y);
  const auto n = static_cast<double>(a.size());
  return sum / (n * (same ? n - 1 : static_cast<double>(b.size())));
}

// Calls see(thing, y, x) for each pixel that a thing has.
template <class See>
void for_each_seen(const FrameView& frame, const std::vector<double>& hues, const See& see) {
  const auto rim = static_cast<int64_t>(std::ceil(kRim * static_cast<double>(frame.height)));
  for (int64_t y = rim; y < frame.height - rim; ++y)
    for (int64_t x = rim; x < frame.width - rim; ++x) {
      const float* p = frame.pixels + (y * frame.width + x) * 3;
      const auto hue = hue_of(p[0], p[1], p[2]);
      if (hue.chroma < kLeastChroma) continue;
      const auto nearest = std::min_element(hues.begin(), hues.end(), [&](double a, double b) {
        return between(a, hue.angle) < between(b, hue.angle);
      });
      if (between(*nearest, hue.angle) <= kNearHue) see(static_cast<size_t>(nearest - hues.begin()), y, x);
    }
}

}  // namespace

Sight look_at(const FrameView& frame, const std::vector<std::array<int, 3>>& block_colours) {
  const auto hues = hues_of(block_colours);
  Sight seen{.areas = std::vector<double>(hues.size(), 0.0)};
  for_each_seen(frame, hues, [&](size_t thing, int64_t y, int64_t x) {
    ++seen.areas[thing];
    if (thing > 0) return;
    seen.x += static_cast<double>(x);
    seen.y += static_cast<double>(y);
  });
  const double area = seen.areas.front();
  seen.x = area > 0 ? seen.x / area : std::numeric_limits<double>::quiet_NaN();
  seen.y = area > 0 ? seen.y / area : std::numeric_limits<double>::quiet_NaN();
  return seen;
}

std::vector<float> pixels_of(const FrameView& frame, const std::vector<std::array<int, 3>>& block_colours,
                             size_t thing) {
  std::vector<float> found(static_cast<size_t>(frame.height * frame.width), 0.0F);
  float count = 0;
  for_each_seen(frame, hues_of(block_colours), [&](size_t seen, int64_t y, int64_t x) {
    if (seen != thing) return;
    found[static_cast<size_t>(y * frame.width + x)] = 1.0F;
    ++count;
  });
  if (count == 0) return {};
  for (float& value : found) value /= count;
  return found;
}

double gradient_energy(const FrameView& frame) {
  const int64_t row = frame.width * 3;
  double sum = 0;
  for (int64_t y = 0; y < frame.height; ++y)
    for (int64_t x = 0; x < row; ++x) {
      const float* p = frame.pixels + y * row + x;
      if (x + 3 < row) sum += std::pow(p[3] - p[0], 2);
      if (y + 1 < frame.height) sum += std::pow(p[row] - p[0], 2);
    }
  return sum;
}

double distance(const FrameView& a, const FrameView& b) {
  const int64_t count = a.height * a.width * 3;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::pow(a.pixels[i] - b.pixels[i], 2);
  return std::sqrt(sum / static_cast<double>(count));
}

double energy_distance(const std::vector<Point>& a, const std::vector<Point>& b) {
  return 2 * mean_distance(a, b, false) - mean_distance(a, a, true) - mean_distance(b, b, true);
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(std::lround(q * last))];
}

}  // namespace savp
