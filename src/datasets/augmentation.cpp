#include "datasets/augmentation.h"

#include <algorithm>
#include <array>
#include <vector>

namespace savp {
namespace {

constexpr double kGray[] = {0.299, 0.587, 0.114};  // red, green and blue (ITU-R BT.601)

double unit(Draws& draws) { return static_cast<double>(draws.bits() >> 11) * 0x1p-53; }  // [0, 1)

double factor(double share, Draws& draws) { return 1 + share * (2 * unit(draws) - 1); }

void mirror(float* rows, int64_t count, int64_t width) {
  for (int64_t i = 0; i < count; ++i) std::reverse(rows + i * width, rows + (i + 1) * width);
}

// Between which pixels of a line another pixel lies, and how near to the second.
struct Place {
  int64_t first, second;
  float share;
};
std::vector<Place> places(int64_t size, double from, double length) {
  std::vector<Place> all;
  for (int64_t i = 0; i < size; ++i) {
    const double at =
        std::clamp(from + (static_cast<double>(i) + 0.5) * length / static_cast<double>(size) - 0.5, 0.0,
                   static_cast<double>(size - 1));
    const auto first = static_cast<int64_t>(at);
    all.push_back(
        {first, std::min(first + 1, size - 1), static_cast<float>(at - static_cast<double>(first))});
  }
  return all;
}

float between(float a, float b, float share) { return a + share * (b - a); }

Window draw_window(double largest, int64_t height, int64_t width, Draws& draws) {
  const double side = 1 - largest * unit(draws);
  const auto h = static_cast<double>(height), w = static_cast<double>(width);
  const double top = unit(draws) * (1 - side) * h, left = unit(draws) * (1 - side) * w;
  return {top, left, side * h, side * w};
}

// Grey of the pixel `i` of a frame of planes.
double gray(const float* frame, int64_t channels, int64_t pixels, int64_t i) {
  if (channels != 3) return frame[i];
  return kGray[0] * frame[i] + kGray[1] * frame[pixels + i] + kGray[2] * frame[2 * pixels + i];
}

double mean_gray(const float* values, at::IntArrayRef sizes) {
  const int64_t channels = sizes[1], pixels = sizes[2] * sizes[3];
  double sum = 0;
  for (int64_t t = 0; t < sizes[0]; ++t)
    for (int64_t i = 0; i < pixels; ++i) sum += gray(values + t * channels * pixels, channels, pixels, i);
  return sum / static_cast<double>(sizes[0] * pixels);
}

}  // namespace

void enlarge(float* planes, int64_t count, int64_t height, int64_t width, const Window& window) {
  const auto rows = places(height, window.top, window.height),
             columns = places(width, window.left, window.width);
  std::vector<float> source(height * width);
  for (int64_t p = 0; p < count; ++p, planes += height * width) {
    std::copy_n(planes, height * width, source.begin());
    for (int64_t y = 0; y < height; ++y) {
      const auto *above = &source[rows[y].first * width], *below = &source[rows[y].second * width];
      for (int64_t x = 0; x < width; ++x) {
        const auto& [left, right, share] = columns[x];
        planes[y * width + x] = between(between(above[left], above[right], share),
                                        between(below[left], below[right], share), rows[y].share);
      }
    }
  }
}

void recolor(const at::Tensor& images, const ColorFactors& f) {
  const int64_t channels = images.size(1), pixels = images.size(2) * images.size(3);
  auto* frame = images.data_ptr<float>();
  const double middle = f.brightness * mean_gray(frame, images.sizes());
  for (int64_t t = 0; t < images.size(0); ++t, frame += channels * pixels)
    for (int64_t i = 0; i < pixels; ++i) {
      const double own_gray = f.brightness * gray(frame, channels, pixels, i);
      for (int64_t c = 0; c < channels; ++c) {
        auto& value = frame[c * pixels + i];
        const double saturated = own_gray + f.saturation * (f.brightness * value - own_gray);
        value = static_cast<float>(std::clamp(middle + f.contrast * (saturated - middle), 0.0, 1.0));
      }
    }
}

// By hand: ATen would start a team of OpenMP threads beside those of the model.
void Augmentation::apply(const at::Tensor& images, Draws& draws) const {
  const int64_t planes = images.size(0) * images.size(1), height = images.size(2), width = images.size(3);
  auto* values = images.data_ptr<float>();
  if (flip_ && draws.below(2) == 1) mirror(values, planes * height, width);
  if (crop_ > 0) enlarge(values, planes, height, width, draw_window(crop_, height, width, draws));
  if (color_ > 0) {
    const std::array<double, 3> drawn = {factor(color_, draws), factor(color_, draws), factor(color_, draws)};
    recolor(images, {drawn[0], drawn[1], drawn[2]});
  }
}

}  // namespace savp
