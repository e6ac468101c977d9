#include "making/toy/painter.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace savp::toy {
namespace {

constexpr int kSupersampling = 4;      // drawn pixels per pixel and side
constexpr double kPalmHeight = 0.035;  // of the gripper, lowered; tray widths above its foot
constexpr double kLiftHeight = 0.08;   // further, lifted
constexpr double kShadow = 0.38;       // darkness

constexpr Colour kFloor = {96, 112, 132};
constexpr Colour kWood = {186, 140, 92};
constexpr Colour kMetal = {232, 234, 238};
constexpr Colour kJoint = {244, 126, 44};
constexpr Colour kRubber = {44, 48, 58};

Colour lighter(Colour colour, double by) {
  for (int& c : colour) c = static_cast<int>(std::lround(by >= 0 ? c + (255 - c) * by : c * (1 + by)));
  return colour;
}

cv::Scalar scalar(Colour c) {
  return {static_cast<double>(c[0]), static_cast<double>(c[1]), static_cast<double>(c[2])};
}

using Outline = std::vector<Vec>;  // convex, in tray widths

Outline raised(Outline outline, double height) {
  for (Vec& point : outline) point.y -= height;
  return outline;
}

// The outline of a rounded box or a disc, `grown` outwards.
Outline outline(const Body& body, double grown = 0) {
  constexpr int kArc = 8;  // points a corner
  const bool disc = body.half.x == 0 && body.half.y == 0;
  Outline points;
  for (int i = 0; i < 4 * kArc; ++i) {
    const double angle = 2 * M_PI * (i + 0.5) / (4 * kArc);
    const Vec arc = {std::cos(angle), std::sin(angle)};
    const Vec corner =
        disc ? Vec{} : Vec{std::copysign(body.half.x, arc.x), std::copysign(body.half.y, arc.y)};
    points.push_back(body.position + turned(corner + arc * (body.radius + grown), body.angle));
  }
  return points;
}

Outline capsule(Vec from, Vec to, double radius) {
  const Vec along = to - from;
  Body body{.position = (from + to) * 0.5,
            .angle = std::atan2(along.y, along.x),
            .half = {length(along) / 2, 0},
            .radius = radius};
  return outline(body);
}

Outline disc(Vec centre, double radius) { return outline(Body{.position = centre, .radius = radius}); }

// A picture being drawn, in tray coordinates.
class Canvas {
 public:
  explicit Canvas(cv::Mat pixels) : pixels_(std::move(pixels)) {}

  void fill(const Outline& outline, Colour colour) { fill(pixels_, outline, scalar(colour)); }

  // From the outline on the ground to the same raised.
  void fill_side(const Outline& outline, double height, Colour colour) {
    std::vector<cv::Point2f> points;
    for (const Outline& end : {outline, raised(outline, height)})
      for (const Vec p : end) points.emplace_back(static_cast<float>(p.x), static_cast<float>(p.y));
    std::vector<cv::Point2f> hull;
    cv::convexHull(points, hull);
    Outline side;
    for (const auto& p : hull) side.push_back({p.x, p.y});
    fill(side, colour);
  }

  // Darkens below the outlines, with soft edges.
  void cast_shadow(const std::vector<Outline>& outlines, double softness) {
    cv::Mat mask(pixels_.size(), CV_8UC1, cv::Scalar(0));
    for (const Outline& outline : outlines) fill(mask, outline, cv::Scalar(255));
    const int reach = 2 * static_cast<int>(softness * pixels_.cols) + 1;
    cv::blur(mask, mask, {reach, reach});
    const int strength = static_cast<int>(kShadow * 256);
    for (int y = 0; y < pixels_.rows; ++y) {
      auto* pixel = pixels_.ptr<cv::Vec3b>(y);
      const auto* shade = mask.ptr<uint8_t>(y);
      for (int x = 0; x < pixels_.cols; ++x)
        for (int c = 0; c < 3; ++c)
          pixel[x][c] = static_cast<uint8_t>(pixel[x][c] * (255 * 256 - shade[x] * strength) / (255 * 256));
    }
  }

 private:
  static void fill(cv::Mat& target, const Outline& outline, const cv::Scalar& colour) {
    constexpr int kFractionBits = 4;
    const double scale = target.cols * (1 - 2 * kRim) * (1 << kFractionBits);
    const double origin = target.cols * kRim * (1 << kFractionBits);
    std::vector<cv::Point> points;
    for (const Vec p : outline)
      points.emplace_back(static_cast<int>(std::lround(origin + p.x * scale)),
                          static_cast<int>(std::lround(origin + p.y * scale)));
    cv::fillConvexPoly(target, points, colour, cv::LINE_AA, kFractionBits);
  }

  cv::Mat pixels_;
};

Outline rectangle(double low, double high) { return {{low, low}, {high, low}, {high, high}, {low, high}}; }

Picture blank(int64_t side) {
  return {side, side, 3, std::vector<uint8_t>(static_cast<size_t>(side * side * 3))};
}

cv::Mat view(Picture& picture) {
  return {static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3, picture.pixels.data()};
}

// Wooden rim, felt floor, a little darker away from the light.
Picture paint_tray(int side) {
  Picture picture = blank(side);
  cv::Mat tray = view(picture);
  tray = scalar(lighter(kWood, -0.08));
  Canvas canvas(tray);
  const double rim = kRim / (1 - 2 * kRim);
  canvas.fill({{-rim, -rim}, {1 + rim, -rim}, {-rim, 1 + rim}}, lighter(kWood, 0.12));
  canvas.fill(rectangle(-0.012, 1.012), lighter(kWood, -0.45));
  canvas.fill(rectangle(0, 1), kFloor);
  canvas.cast_shadow({{{0, 0}, {1, 0}, {1, 0.02}, {0, 0.02}}, {{0, 0}, {0.02, 0}, {0.02, 1}, {0, 1}}}, 0.012);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c) {
        auto& level = tray.at<cv::Vec3b>(y, x)[c];
        level = static_cast<uint8_t>(level * (112 * side - 6 * (x + y)) / (108 * side));
      }
  return picture;
}

void paint_block(Canvas& canvas, const Body& block, Colour colour) {
  canvas.fill_side(outline(block), kBlockHeight, lighter(colour, -0.42));
  canvas.fill(raised(outline(block), kBlockHeight), colour);
  canvas.fill(raised(outline(block, -0.022), kBlockHeight), lighter(colour, 0.22));
}

void paint_link(Canvas& canvas, Vec from, Vec to, double radius) {
  canvas.fill(capsule(from, to, radius), lighter(kMetal, -0.45));
  canvas.fill(capsule(from + Vec{-0.006, -0.008}, to + Vec{-0.006, -0.008}, radius - 0.012), kMetal);
}

// A round palm between two rubber fingers; together they fill the disc that pushes blocks.
void paint_hand(Canvas& canvas, Vec hand, double radius, double wrist) {
  for (const double side : {-1.0, 1.0}) {
    const Vec grip = turned({0, side * radius * 0.74}, wrist);
    const Vec along = turned({radius * 0.45, 0}, wrist);
    canvas.fill(capsule(hand + grip - along, hand + grip + along, radius * 0.26), kRubber);
  }
  canvas.fill(disc(hand, radius * 0.8), lighter(kJoint, -0.4));
  canvas.fill(disc(hand + Vec{-0.004, -0.006}, radius * 0.7), kJoint);
  canvas.fill(disc(hand + Vec{-0.004, -0.006}, radius * 0.3), lighter(kJoint, 0.5));
}

// Straight from the upper edge to the hand.
void paint_arm(Canvas& canvas, const Body& gripper, const Look& look) {
  const Vec hand = gripper.position - Vec{0, kPalmHeight + kLiftHeight * look.lift};
  const Vec beyond = {hand.x, -0.5};
  const double radius = gripper.radius * (1 + 0.15 * look.lift);
  const Vec fall = {0.05 + 0.04 * look.lift, 0.05 + 0.04 * look.lift};  // of the shadow, away from the light
  canvas.cast_shadow(
      {capsule(gripper.position + fall, beyond + fall, 0.045), disc(gripper.position + fall * 0.6, radius)},
      0.02 + 0.01 * look.lift);
  paint_link(canvas, hand, beyond, 0.055);
  paint_hand(canvas, hand, radius, look.wrist);
}

}  // namespace

Painter::Painter(int64_t size) : size_(size), tray_(paint_tray(static_cast<int>(size) * kSupersampling)) {}

Picture Painter::paint(const World& world, const Look& look) const {
  Picture drawn = tray_;
  Canvas canvas(view(drawn));
  std::vector<Outline> shadows;
  std::vector<size_t> order;  // from the back to the front
  for (size_t i = 0; i < world.blocks.size(); ++i) {
    Body shifted = world.blocks[i];
    shifted.position = shifted.position + Vec{0.022, 0.022};
    shadows.push_back(outline(shifted));
    order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return world.blocks[a].position.y < world.blocks[b].position.y; });
  canvas.cast_shadow(shadows, 0.012);
  for (const size_t i : order) paint_block(canvas, world.blocks[i], look.colours[i]);
  paint_arm(canvas, world.gripper, look);
  Picture picture = blank(size_);
  cv::Mat pixels = view(picture);
  cv::resize(view(drawn), pixels, pixels.size(), 0, 0, cv::INTER_AREA);
  return picture;
}

}  // namespace savp::toy
