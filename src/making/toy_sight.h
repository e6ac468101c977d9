// What is seen in a frame of the toy world, and how well a model's futures go with those that the simulator
// makes of the same start.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace savp {

// A frame, [height][width][3], 0 .. 1; owned by someone else.
struct FrameView {
  const float* pixels = nullptr;
  int64_t height = 0, width = 0;
};

// The arm's joint and the blocks, by their hues. A thing that is not there has the area 0.
struct Sight {
  std::vector<double> areas;  // pixels: of the arm's joint, then of each block
  double x = 0, y = 0;        // middle of the joint, pixels; NaN where it is not seen
};
// The tray's rim, which is of the joint's hue, is not looked at.
Sight look_at(const FrameView& frame, const std::vector<std::array<int, 3>>& block_colours);

// Where a thing of Sight::areas is, as a distribution over pixels, [height][width]: alike on those where it
// is seen. Empty where it is not seen.
std::vector<float> pixels_of(const FrameView& frame, const std::vector<std::array<int, 3>>& block_colours,
                             size_t thing);

// Sum of the squared differences of neighbouring pixels.
double gradient_energy(const FrameView& frame);

// Root mean square difference of two frames of a size.
double distance(const FrameView& a, const FrameView& b);

struct Point {
  double x = 0, y = 0;
};
// 2 E|a - b| - E|a - a'| - E|b - b'| over all pairs, in the unit of the points (Szekely & Rizzo 2013): 0
// where both are spread alike. At least two points each.
double energy_distance(const std::vector<Point>& a, const std::vector<Point>& b);

// The share of the values in order below which q of them are, 0 <= q <= 1; at least one value.
double quantile(std::vector<double> values, double q);

}  // namespace savp
