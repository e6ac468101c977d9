// metrics.jsonl of a run: one JSON object a line, each with its "step".
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "core/hparams.h"

namespace savp {

class MetricsLog {
 public:
  // Goes on after the given step: what an earlier run wrote for later steps, or left half-written, is
  // removed.
  MetricsLog(const std::filesystem::path& file, int64_t step);

  // Appends a line, and flushes it.
  void write(const Json& values);

 private:
  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace savp
