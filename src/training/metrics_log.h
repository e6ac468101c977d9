// metrics.jsonl of a run: one JSON object a line, each with its "step" (a whole number). A step has one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string>

#include "core/hparams.h"

namespace savp {

// What an earlier run has left.
struct MetricsHistory {
  std::string kept;     // the lines of steps up to the last one that counts
  std::string damaged;  // lines that are not what they should be
  int64_t damaged_lines = 0;
};

// Sorts the lines; those of steps after `step` are left out. A damaged line costs no other line.
MetricsHistory read_metrics(std::istream& in, int64_t step);

class MetricsLog {
 public:
  // Continues after the given step: what an earlier run wrote for later steps is removed. Lines that are
  // damaged, or were left half-written, are moved to "<file>.damaged", with a warning. Throws DataError where
  // the file cannot be read or written, ResourceError where the disk is full.
  MetricsLog(const std::filesystem::path& file, int64_t step);

  // Appends a line, or adds the values to the last one where it is of the same step. It is safe in the file
  // on return. Throws ResourceError where the disk is full.
  void write(const Json& values);

 private:
  std::filesystem::path file_;
  std::fstream out_;
  Json last_;                           // what this run wrote last; null: nothing yet
  std::streamoff begin_ = 0, end_ = 0;  // of its line
};

}  // namespace savp
