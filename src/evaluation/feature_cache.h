// Features of videos that a network has seen before, kept in a file between evaluations: truth and futures
// that are measured again need no network.
//
// The file is a list of records of one size: 32 bytes SHA-256 of the video, the features as float32, and 4
// bytes CRC-32C of both (little-endian). Several processes may use it at once: records are appended under a
// lock, and what a killed process left half-written is cut off by the next one that writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace savp {

class FeatureCache {
 public:
  // Of features of so many numbers; without a file, in memory alone. Records that are damaged are not taken.
  FeatureCache(std::filesystem::path file, size_t numbers);

  // Null where it has none of this video, which its SHA-256 (64 digits) stands for.
  const std::vector<float>* find(const std::string& digest) const;

  // Kept in memory and, where that is possible, in the file: a full disk only costs time later. The file is
  // started anew before it would exceed 1 GiB.
  void add(const std::vector<std::pair<std::string, std::vector<float>>>& records);

 private:
  void read();
  size_t record_bytes() const;

  std::filesystem::path file_;
  size_t numbers_;
  std::map<std::string, std::vector<float>> known_;
};

}  // namespace savp
