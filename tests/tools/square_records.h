// Small records in BAIR's layout: a bright square that moves.
#pragma once

#include <filesystem>
#include <string>

#include "io/example.h"
#include "io/tfrecord.h"

namespace savp {

inline constexpr int64_t kSteps = 8, kSize = 32;

inline std::string frame(int64_t record, int64_t t) {
  std::string pixels(kSize * kSize * 3, '\x20');
  for (int64_t y = 8; y < 16; ++y)
    for (int64_t x = 0; x < 8; ++x) pixels[(y * kSize + (x + record + 2 * t) % kSize) * 3] = '\x7f';
  return pixels;
}

inline void write_records(const std::filesystem::path& folder, int64_t count = 4) {
  std::filesystem::create_directories(folder);
  TfRecordWriter writer((folder / ("traj_0_to_" + std::to_string(count - 1) + ".tfrecords")).string());
  for (int64_t record = 0; record < count; ++record) {
    ExampleBuilder example;
    for (int64_t t = 0; t < kSteps; ++t) {
      const auto step = std::to_string(t);
      example.bytes(step + "/image_aux1/encoded", {frame(record, t)});
      example.floats(step + "/action", {1, 0, 0, 0}).floats(step + "/endeffector_pos", {0, 0, 0});
    }
    writer.write(example.serialize());
  }
  writer.close();
}

}  // namespace savp
