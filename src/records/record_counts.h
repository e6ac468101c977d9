// What is said of the number and length of records, so that they need not be read for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace savp {

struct RecordRange {
  int64_t first = 0, last = 0;
  int64_t count() const { return last - first + 1; }
};

// As in "traj_0_to_255.tfrecords"; nothing where the name says nothing.
std::optional<RecordRange> range_in_name(const std::filesystem::path& file);

inline constexpr char kLengthsName[] = "sequence_lengths.txt";

// Frames of each record of a folder, in the order of the numbers in the files' names; nothing where there is
// no such list. Throws DataError for a line that is no number.
std::optional<std::vector<int64_t>> read_sequence_lengths(const std::filesystem::path& folder);

}  // namespace savp
