#include "making/toy/physics.h"

#include <algorithm>
#include <cmath>

// Position-based dynamics (Müller et al. 2007; rigid bodies: Deul et al. 2014): overlaps are removed by
// moving bodies apart, and velocities follow from how far they were moved.
namespace savp::toy {
namespace {

constexpr int kSubsteps = 12;    // a frame
constexpr int kSweeps = 6;       // over all contacts, a substep
constexpr double kGlide = 0.08;  // share of its speed that a block keeps over a frame: felt on wood

// Two bodies touching, or about to be separated.
struct Contact {
  Vec point;
  Vec normal;        // from the second body to the first
  double depth = 0;  // > 0: they overlap
};

// A corner of `a` against the whole of `b`.
Contact touch(Vec corner, double radius, const Body& b) {
  const Vec local = turned(corner - b.position, -b.angle);
  const Vec nearest = {std::clamp(local.x, -b.half.x, b.half.x), std::clamp(local.y, -b.half.y, b.half.y)};
  const double distance = length(local - nearest);
  if (distance > 0) {
    const Vec normal = turned((local - nearest) * (1 / distance), b.angle);
    return {corner - normal * radius, normal, radius + b.radius - distance};
  }
  // Inside the rectangle: out through the nearest side.
  const double left_x = b.half.x - std::abs(local.x), left_y = b.half.y - std::abs(local.y);
  const Vec outwards = left_x < left_y ? Vec{local.x < 0 ? -1.0 : 1.0, 0} : Vec{0, local.y < 0 ? -1.0 : 1.0};
  const Vec normal = turned(outwards, b.angle);
  return {corner - normal * radius, normal, radius + b.radius + std::min(left_x, left_y)};
}

// How hard it is to move the body at a point along a direction.
double yielding(const Body& body, Vec arm, Vec direction) {
  const double lever = cross(arm, direction);
  return body.inverse_mass + body.inverse_inertia * lever * lever;
}

void shift(Body& body, Vec arm, Vec push) {
  body.position = body.position + push * body.inverse_mass;
  body.angle += body.inverse_inertia * cross(arm, push);
}

void separate(Body& a, Body& b, const Contact& contact) {
  if (contact.depth <= 0) return;
  const Vec arm_a = contact.point - a.position, arm_b = contact.point - b.position;
  const double total = yielding(a, arm_a, contact.normal) + yielding(b, arm_b, contact.normal);
  if (total == 0) return;
  const Vec push = contact.normal * (contact.depth / total);
  shift(a, arm_a, push);
  shift(b, arm_b, push * -1);
}

bool far_apart(const Body& a, const Body& b) {
  const double reach = length(a.half) + a.radius + length(b.half) + b.radius;
  return length(a.position - b.position) > reach;
}

void collide(Body& a, Body& b) {
  if (far_apart(a, b)) return;
  for (const Vec corner : corners(a)) separate(a, b, touch(corner, a.radius, b));
  for (const Vec corner : corners(b)) separate(b, a, touch(corner, b.radius, a));
}

void keep_inside(Body& body) {
  Body wall;
  for (const Vec corner : corners(body)) {
    const double r = body.radius;
    const Contact sides[] = {{{corner.x - r, corner.y}, {1, 0}, r - corner.x},
                             {{corner.x + r, corner.y}, {-1, 0}, corner.x + r - 1},
                             {{corner.x, corner.y - r}, {0, 1}, r - corner.y},
                             {{corner.x, corner.y + r}, {0, -1}, corner.y + r - 1}};
    for (const Contact& side : sides) separate(body, wall, side);
  }
}

// Walls have the last word, so that blocks stay in the tray.
void remove_overlaps(World& world, bool lowered) {
  auto& blocks = world.blocks;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (lowered) collide(blocks[i], world.gripper);
    for (size_t j = 0; j < i; ++j) collide(blocks[i], blocks[j]);
  }
  for (Body& block : blocks) keep_inside(block);
}

void substep(World& world, Vec displacement, bool lowered) {
  static const double kKept = std::pow(kGlide, 1.0 / kSubsteps);
  std::vector<Body> before = world.blocks;
  world.gripper.position = world.gripper.position + displacement;
  for (Body& block : world.blocks) {
    block.position = block.position + block.velocity * (1.0 / kSubsteps);
    block.angle += block.spin / kSubsteps;
  }
  for (int sweep = 0; sweep < kSweeps; ++sweep) remove_overlaps(world, lowered);
  for (size_t i = 0; i < before.size(); ++i) {
    Body& block = world.blocks[i];
    block.velocity = (block.position - before[i].position) * (kSubsteps * kKept);
    block.spin = (block.angle - before[i].angle) * kSubsteps * kKept;
  }
}

}  // namespace

double length(Vec a) { return std::sqrt(dot(a, a)); }

Vec turned(Vec a, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {c * a.x - s * a.y, s * a.x + c * a.y};
}

// Friction under a block spreads over its area: it resists turning as mass does, with the same radius
// of gyration.
Body make_disc(Vec position, double radius) {
  return {
      .position = position, .radius = radius, .inverse_mass = 1, .inverse_inertia = 2 / (radius * radius)};
}

Body make_box(Vec position, double angle, Vec half_sides, double corner_radius) {
  const Vec core = half_sides - Vec{corner_radius, corner_radius};
  return {position, angle, core, corner_radius, 1, 3 / dot(half_sides, half_sides)};
}

std::vector<Vec> corners(const Body& body) {
  if (body.half.x == 0 && body.half.y == 0) return {body.position};
  std::vector<Vec> found;
  for (const Vec sign : {Vec{-1, -1}, Vec{1, -1}, Vec{1, 1}, Vec{-1, 1}})
    found.push_back(body.position + turned({sign.x * body.half.x, sign.y * body.half.y}, body.angle));
  return found;
}

double overlap(const Body& a, const Body& b) {
  double depth = 0;
  for (const Vec corner : corners(a)) depth = std::max(depth, touch(corner, a.radius, b).depth);
  for (const Vec corner : corners(b)) depth = std::max(depth, touch(corner, b.radius, a).depth);
  return depth;
}

double World::step(Vec displacement, bool lowered) {
  for (int i = 0; i < kSubsteps; ++i) substep(*this, displacement * (1.0 / kSubsteps), lowered);
  double jam = 0;
  for (const Body& block : blocks) jam = std::max(jam, lowered ? overlap(block, gripper) : 0);
  return jam;
}

}  // namespace savp::toy
