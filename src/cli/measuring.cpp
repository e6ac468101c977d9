#include "cli/measuring.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/instructions.h"
#include "making/workers.h"

namespace savp::cli {

namespace fs = std::filesystem;

double seconds_of(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

DataSpeed data_speed(double seconds, int64_t frames, int64_t bytes) {
  return {.seconds = seconds,
          .frames_per_second = static_cast<double>(frames) / seconds,
          .megabytes_per_second = static_cast<double>(bytes) / seconds / 1e6};
}

TemporaryFolder::TemporaryFolder() : path_((fs::temp_directory_path() / "savp-bench-XXXXXX").string()) {
  SAVP_CHECK(mkdtemp(path_.data()) != nullptr, DataError, path_, ": cannot make a temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<Picture> drawn_frames(int64_t size, int64_t count) {
  std::vector<Picture> frames;
  for (int64_t t = 0; t < count; ++t) {
    Picture frame{size, size, 3, {}};
    const int64_t x = size * t / count, y = size / 2, radius = size / 6;
    for (int64_t row = 0; row < size; ++row)
      for (int64_t column = 0; column < size; ++column) {
        const bool inside = (row - y) * (row - y) + (column - x) * (column - x) < radius * radius;
        const int64_t grain = (row * 7919 + column * 104729 + t * 31) % 16;
        for (int64_t c = 0; c < 3; ++c)
          frame.pixels.push_back(
              static_cast<uint8_t>(inside ? 200 - 60 * c : (row + column) * 100 / size + 20 * c + grain));
      }
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::vector<int64_t> thread_counts(int64_t most) {
  std::vector<int64_t> counts;
  for (int64_t threads = 1; threads <= worker_threads(most); threads *= 2) counts.push_back(threads);
  return counts;
}

Json speed_line(const char* stored_as, int64_t size, int64_t threads, const DataSpeed& speed) {
  return {{"what", "data"},
          {"stored_as", stored_as},
          {"size", size},
          {"threads", threads},
          {"instructions", {{"savp", enum_name(instructions())}}},
          {"frames_per_second", speed.frames_per_second},
          {"megabytes_per_second", speed.megabytes_per_second}};
}

double memcpy_megabytes_per_second() {
  constexpr size_t kBytes = 256U << 20U;
  constexpr int kTimes = 4;
  std::string from(kBytes, 'a'), to(kBytes, 'b');
  volatile char seen = 0;
  const auto seconds = seconds_of([&] {
    for (int i = 0; i < kTimes; ++i) {
      from[static_cast<size_t>(i)] = static_cast<char>(i);  // a copy that matters
      std::memcpy(to.data(), from.data(), kBytes);
      seen = to[static_cast<size_t>(i)];
    }
  });
  static_cast<void>(seen);
  return kTimes * static_cast<double>(kBytes) / seconds / 1e6;
}

}  // namespace savp::cli
