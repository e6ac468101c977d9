// What measurements of reading share: something to read, a place for it, and a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/data_bench.h"
#include "io/image.h"

namespace savp::cli {

double seconds_of(const std::function<void()>& body);

DataSpeed data_speed(double seconds, int64_t frames, int64_t bytes);

// Removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Square frames in colour: a disc that wanders over a grainy gradient, so that codecs have something to do.
std::vector<Picture> drawn_frames(int64_t size, int64_t count);

}  // namespace savp::cli
