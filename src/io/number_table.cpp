#include "io/number_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "io/whole_file.h"

namespace savp {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view take_line(std::string_view& left) {
  const auto end = std::min(left.find('\n'), left.size());
  const auto line = left.substr(0, end);
  left.remove_prefix(std::min(end + 1, left.size()));
  return line;
}

}  // namespace

NumberTable NumberTable::read(const std::filesystem::path& path) {
  constexpr int64_t kLargest = int64_t{1} << 28;  // bytes
  return {read_whole_file(path, kLargest), path.string()};
}

NumberTable::NumberTable(std::string text, std::string place)
    : text_(std::move(text)), place_(std::move(place)) {
  constexpr size_t kMostNames = 1 << 16;
  std::string_view left = text_;
  if (left.starts_with("\xEF\xBB\xBF")) left.remove_prefix(3);
  for (int64_t number = 1; !left.empty(); ++number) {
    const auto line = take_line(left);
    if (trimmed(line).empty()) continue;
    const auto cells = split(line, number);
    if (names_.empty()) {
      SAVP_CHECK(cells.size() <= kMostNames, DataError, place_, ": a table of ", cells.size(),
                 " columns is too wide");
      names_.assign(cells.begin(), cells.end());
      continue;
    }
    SAVP_CHECK(cells.size() == names_.size(), DataError, line_name(number), ": holds ", cells.size(),
               " cells, the line of names ", names_.size());
    cells_.insert(cells_.end(), cells.begin(), cells.end());
    lines_.push_back(number);
  }
  SAVP_CHECK(!lines_.empty(), DataError, place_,
             ": holds no table: a line of names and a line of numbers for each step are needed");
  const std::set<std::string> different(names_.begin(), names_.end());
  SAVP_CHECK(different.size() == names_.size(), DataError, place_, ": a column's name stands twice");
}

std::string NumberTable::line_name(int64_t number) const { return concat(place_, ", line ", number); }

// A comma within double quotes does not separate.
std::vector<std::string_view> NumberTable::split(std::string_view line, int64_t number) const {
  std::vector<std::string_view> cells;
  for (bool more = true; more;) {
    line = line.substr(std::min(line.find_first_not_of(kBlanks), line.size()));
    const bool quoted = line.starts_with('"');
    if (quoted) line.remove_prefix(1);
    const auto end = std::min(line.find(quoted ? '"' : ','), line.size());
    SAVP_CHECK(!quoted || end < line.size(), DataError, line_name(number), ": a quotation mark is missing");
    cells.push_back(quoted ? line.substr(0, end) : trimmed(line.substr(0, end)));
    const auto comma = line.find(',', end);
    more = comma != std::string_view::npos;
    line.remove_prefix(more ? comma + 1 : line.size());
  }
  return cells;
}

std::optional<float> NumberTable::number(int64_t row, size_t column) const {
  auto cell = cells_[static_cast<size_t>(row) * names_.size() + column];
  if (cell.empty()) return std::nullopt;
  if (cell.starts_with('+')) cell.remove_prefix(1);
  float value = 0;
  const auto [end, failure] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  const bool whole = failure == std::errc() && end == cell.data() + cell.size();
  SAVP_CHECK(whole && std::isfinite(value), DataError, line_name(lines_[static_cast<size_t>(row)]),
             ", column ", shown(names_[column]), ": \"", shown(cell), "\" is no finite number",
             whole ? "" : " (numbers have a point, columns are separated by commas)");
  return value;
}

}  // namespace savp
