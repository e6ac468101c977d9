// Tables as text (CSV): a line of names, then a line of as many cells for each row. Cells are separated by
// commas, semicolons or tabs, as the line of names has them. They may stand in double quotes, where two of
// these mean one, but not go over several lines. Blank lines, blanks around cells and a byte order mark count
// for nothing, as does a # before the names; lines end in LF or CRLF, the last one also with the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace savp {

class NumberTable {
 public:
  // `place` opens messages. Throws DataError for lines of different lengths, names that stand twice, and
  // tables without rows. A column without a name cannot be asked for.
  NumberTable(std::string text, std::string place);
  NumberTable(const NumberTable&) = delete;
  NumberTable& operator=(const NumberTable&) = delete;

  // Of a regular file.
  static NumberTable read(const std::filesystem::path& path);

  // The line of names alone, of a file that may be no table of numbers; none of an empty file.
  static std::vector<std::string> read_names(const std::filesystem::path& path);

  const std::vector<std::string>& names() const { return names_; }
  int64_t rows() const { return static_cast<int64_t>(lines_.size()); }

  // Nothing for an empty cell, or NaN. Throws DataError for what is no finite number.
  std::optional<float> number(int64_t row, size_t column) const;

  // "a.csv, line 3, column pos_0".
  std::string place_of(int64_t row, size_t column) const;

 private:
  std::string text_, place_;
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;  // [rows, names]
  std::vector<int64_t> lines_;           // number of each row in the file, from 1
};

}  // namespace savp
