// Blocks on a table, seen from above, and a round gripper that pushes them. Lengths are in tray widths: the
// tray is the unit square, x to the right, y down. Time is in frames.
#pragma once

#include <vector>

namespace savp::toy {

struct Vec {
  double x = 0, y = 0;
};
inline Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y}; }
inline Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y}; }
inline Vec operator*(Vec a, double s) { return {a.x * s, a.y * s}; }
inline double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y; }
inline double cross(Vec a, Vec b) { return a.x * b.y - a.y * b.x; }
double length(Vec a);
Vec turned(Vec a, double angle);  // radians, from x towards y

// A box with rounded corners: a rectangle grown by a radius on all sides. A disc is one whose rectangle is
// a point.
struct Body {
  Vec position;      // of the centre
  double angle = 0;  // radians
  Vec half = {};     // of the rectangle's sides
  double radius = 0;
  double inverse_mass = 0;     // 0: cannot be pushed
  double inverse_inertia = 0;  // 0: cannot be turned
  Vec velocity = {};           // a frame
  double spin = 0;             // radians a frame
};

Body make_disc(Vec position, double radius);
Body make_box(Vec position, double angle, Vec half_sides, double corner_radius);

// The rectangle's corners; a disc has one, its centre.
std::vector<Vec> corners(const Body& body);

// How deep two bodies overlap; 0: they do not.
double overlap(const Body& a, const Body& b);

struct World {
  std::vector<Body> blocks;
  Body gripper;

  // One frame: the gripper goes straight by `displacement`; lowered, it pushes what is in its way, and blocks
  // push blocks. Tells how deep the gripper overlaps a block in the end, which happens where the block has no
  // room to yield.
  double step(Vec displacement, bool lowered);
};

}  // namespace savp::toy
