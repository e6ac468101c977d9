// Tables as text (CSV): a line of names, then a line of as many cells for each row, separated by commas.
// Cells may stand in double quotes; blank lines, blanks around cells and a byte order mark count for nothing.
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
  // tables without rows.
  NumberTable(std::string text, std::string place);
  NumberTable(const NumberTable&) = delete;
  NumberTable& operator=(const NumberTable&) = delete;

  // Of a regular file.
  static NumberTable read(const std::filesystem::path& path);

  const std::vector<std::string>& names() const { return names_; }
  int64_t rows() const { return static_cast<int64_t>(lines_.size()); }

  // Nothing for an empty cell. Throws DataError ("a.csv, line 3, column pos_0: ...") for what is no
  // finite number.
  std::optional<float> number(int64_t row, size_t column) const;

 private:
  std::vector<std::string_view> split(std::string_view line, int64_t number) const;
  std::string line_name(int64_t number) const;

  std::string text_, place_;
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;  // [rows, names]
  std::vector<int64_t> lines_;           // number of each row in the file, from 1
};

}  // namespace savp
