#include "task.h"

#include <cmath>
#include <optional>

namespace savp {
namespace {

constexpr uint64_t kFirstScene = 0x6d7063000000;  // far from the seeds of data sets
constexpr int64_t kFrames = 12;
constexpr int kTries = 8;                       // futures of one scene
constexpr double kNearest = 6, kFarthest = 16;  // pixels of 64

std::optional<Task> task_in(const ToyWorld& start) {
  if (start.position()[2] > 0) return std::nullopt;  // the gripper is up
  for (int i = 1; i <= kTries; ++i) {
    ToyWorld future = start;
    future.wander(static_cast<uint64_t>(i), kFrames);
    for (int64_t block = 0; block < start.blocks(); ++block) {
      const double way = pixels_apart(start.block(block), future.block(block));
      if (way >= kNearest && way <= kFarthest) return Task{start, block, future.block(block)};
    }
  }
  return std::nullopt;
}

}  // namespace

double pixels_apart(const Place& a, const Place& b) { return 64 * std::hypot(a[0] - b[0], a[1] - b[1]); }

Task make_task(uint64_t number) {
  for (uint64_t scene = kFirstScene + (number << 16);; ++scene)
    if (auto task = task_in(ToyWorld(scene))) return *std::move(task);
}

}  // namespace savp
