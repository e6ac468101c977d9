#include "records/record_counts.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "core/error.h"
#include "core/printable.h"
#include "io/whole_file.h"
#include "records/name_pattern.h"

namespace savp {

std::optional<RecordRange> range_in_name(const std::filesystem::path& file) {
  const auto name = file.filename().string();
  const auto end = name.find(".tfrecord");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string_view left = std::string_view(name).substr(0, end);
  const auto take_back = [&] {
    const auto start = std::find_if_not(left.rbegin(), left.rend(), is_digit).base() - left.begin();
    const auto digits = left.substr(static_cast<size_t>(start));
    left.remove_suffix(digits.size());
    return short_number(digits);
  };
  if (end == name.npos) return std::nullopt;
  const auto last = take_back();
  if (!last || !left.ends_with("_to_")) return std::nullopt;
  left.remove_suffix(4);
  const auto first = take_back();
  if (!first || !left.ends_with('_')) return std::nullopt;
  return RecordRange{*first, *last};
}

std::optional<std::vector<int64_t>> read_sequence_lengths(const std::filesystem::path& folder) {
  const auto path = folder / kLengthsName;
  const auto text = read_if_there(path);
  if (!text) return std::nullopt;
  std::vector<int64_t> lengths;
  int64_t number = 0;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    constexpr const char* kBlanks = " \t\r";
    const auto first = line.find_first_not_of(kBlanks);
    if (first == std::string::npos) continue;
    const auto length =
        short_number(std::string_view(line).substr(first, line.find_last_not_of(kBlanks) - first + 1));
    SAVP_CHECK(length, DataError, path.string(), ", line ", number, ": \"", shown(line),
               "\" is no number of frames");
    lengths.push_back(*length);
  }
  return lengths;
}

}  // namespace savp
