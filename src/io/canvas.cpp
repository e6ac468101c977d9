#include "io/canvas.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace savp {
namespace {

// Capitals of the font at scale 1, in pixels.
constexpr double kCapitals = 21;

cv::Mat view(const Picture& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width),
          CV_8UC(static_cast<int>(picture.channels)), const_cast<uint8_t*>(picture.pixels.data())};
}

cv::Scalar scalar(const Colour& colour) { return cv::Scalar(colour.red, colour.green, colour.blue); }

cv::Rect inside(const Picture& canvas, const Box& box) {
  return cv::Rect(static_cast<int>(box.left), static_cast<int>(box.top), static_cast<int>(box.width),
                  static_cast<int>(box.height)) &
         cv::Rect(0, 0, static_cast<int>(canvas.width), static_cast<int>(canvas.height));
}

// The widest that the line may be decides, else the height.
double font_scale(const std::string& words, const Box& box) {
  const double wanted = static_cast<double>(box.height) / kCapitals;
  const auto size = cv::getTextSize(words, cv::FONT_HERSHEY_SIMPLEX, wanted, 1, nullptr);
  return size.width <= box.width ? wanted : wanted * static_cast<double>(box.width) / size.width;
}

}  // namespace

Picture canvas(int64_t height, int64_t width, const Colour& colour) {
  Picture made{height, width, 3, std::vector<uint8_t>(static_cast<size_t>(height * width * 3))};
  fill(made, {0, 0, height, width}, colour);
  return made;
}

void fill(Picture& canvas, const Box& box, const Colour& colour) {
  const auto place = inside(canvas, box);
  if (!place.empty()) view(canvas)(place).setTo(scalar(colour));
}

void paste(Picture& canvas, const Picture& rgb, int64_t top, int64_t left) {
  const auto place = inside(canvas, {top, left, rgb.height, rgb.width});
  if (place.empty()) return;
  const cv::Rect part(place.x - static_cast<int>(left), place.y - static_cast<int>(top), place.width,
                      place.height);
  view(rgb)(part).copyTo(view(canvas)(place));
}

Picture enlarge(const Picture& picture, int64_t factor, Enlarging how) {
  const auto rgb = with_channels(picture, 3);
  Picture large{rgb.height * factor, rgb.width * factor, 3, {}};
  large.pixels.resize(static_cast<size_t>(large.height * large.width * 3));
  auto to = view(large);
  cv::resize(view(rgb), to, to.size(), 0, 0,
             how == Enlarging::kNearest ? cv::INTER_NEAREST : cv::INTER_LANCZOS4);
  return large;
}

void write_words(Picture& canvas, const Box& box, const std::string& words, const Colour& colour) {
  std::string shown = words;
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  auto to = view(canvas);
  cv::putText(to, shown, {static_cast<int>(box.left), static_cast<int>(box.top + box.height)},
              cv::FONT_HERSHEY_SIMPLEX, font_scale(shown, box), scalar(colour), 1, cv::LINE_AA);
}

}  // namespace savp
