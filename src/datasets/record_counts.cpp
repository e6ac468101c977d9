#include "datasets/record_counts.h"

#include <fstream>
#include <regex>

#include "savp/core/error.h"

namespace savp {

std::optional<RecordRange> range_in_name(const std::filesystem::path& file) {
  static const std::regex kRange(R"(_(\d{1,15})_to_(\d{1,15})\.tfrecord)");
  const auto name = file.filename().string();
  std::smatch range;
  if (!std::regex_search(name, range, kRange)) return std::nullopt;
  return RecordRange{std::stoll(range[1]), std::stoll(range[2])};
}

std::optional<std::vector<int64_t>> read_sequence_lengths(const std::filesystem::path& folder) {
  static const std::regex kNumber(R"(\s*(\d{1,18})\s*)");
  const auto path = folder / kLengthsName;
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::vector<int64_t> lengths;
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::smatch length;
    SAVP_CHECK(std::regex_match(line, length, kNumber), DataError, path.string(), ", line ", number, ": \"",
               line, "\" is no number of frames");
    lengths.push_back(std::stoll(length[1]));
  }
  return lengths;
}

}  // namespace savp
