#include "io/number_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "io/regular_file.h"
#include "io/whole_file.h"

namespace savp {
namespace {

constexpr std::string_view kSeparators = ",;\t";

std::string line_name(const std::string& place, int64_t number) { return concat(place, ", line ", number); }

// The lines that are not blank.
class Lines {
 public:
  struct Line {
    std::string_view text;
    int64_t number = 0;  // in the file, from 1
  };

  Lines(std::string_view text, const std::string& place) : left_(text) {
    SAVP_CHECK(!text.starts_with("\xFF\xFE") && !text.starts_with("\xFE\xFF"), DataError, place,
               ": is text in UTF-16: save it as UTF-8");
    if (left_.starts_with("\xEF\xBB\xBF")) left_.remove_prefix(3);
  }

  // What separates cells is no blank: a line of nothing else is one of empty cells.
  void separate_by(char separator) { blanks_ = separator == '\t' ? " \r" : " \t\r"; }

  std::optional<Line> next() {
    while (!left_.empty()) {
      const auto end = std::min(left_.find('\n'), left_.size());
      const auto text = left_.substr(0, end);
      left_.remove_prefix(std::min(end + 1, left_.size()));
      ++number_;
      if (text.find_first_not_of(blanks_) != std::string_view::npos) return Line{text, number_};
    }
    return std::nullopt;
  }

 private:
  std::string_view left_;
  const char* blanks_ = " \t\r";
  int64_t number_ = 0;
};

// Takes a line apart. Complaints begin with `place`.
class Cells {
 public:
  Cells(std::string_view line, char separator, std::string place)
      : left_(line), separator_(separator), place_(std::move(place)) {}

  std::vector<std::string_view> all() {
    std::vector<std::string_view> cells;
    do cells.push_back(next());
    while (skip_separator());
    return cells;
  }

 private:
  bool is_blank(char c) const { return (c == ' ' || c == '\t' || c == '\r') && c != separator_; }

  void skip_blanks() {
    while (!left_.empty() && is_blank(left_.front())) left_.remove_prefix(1);
  }

  bool skip_separator() {
    if (left_.empty()) return false;
    left_.remove_prefix(1);
    return true;
  }

  std::string_view next() {
    skip_blanks();
    return left_.starts_with('"') ? quoted() : plain();
  }

  std::string_view plain() {
    auto cell = left_.substr(0, left_.find(separator_));
    left_.remove_prefix(cell.size());
    while (!cell.empty() && is_blank(cell.back())) cell.remove_suffix(1);
    return cell;
  }

  std::string_view quoted() {
    auto end = left_.find('"', 1);
    while (end != std::string_view::npos && left_.substr(end).starts_with("\"\""))
      end = left_.find('"', end + 2);
    SAVP_CHECK(end != std::string_view::npos, DataError, place_,
               ": a quotation mark is missing: a cell ends in the line that it begins in");
    const auto cell = left_.substr(1, end - 1);
    left_.remove_prefix(end + 1);
    skip_blanks();
    SAVP_CHECK(left_.empty() || left_.front() == separator_, DataError, place_, ": behind the cell \"",
               shown(cell), "\" stands \"", shown(left_.substr(0, left_.find(separator_))),
               "\": a quotation mark within a cell is written twice");
    return cell;
  }

  std::string_view left_;
  char separator_;
  std::string place_;
};

// The first one outside of quotes.
char separator_in(std::string_view line) {
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (!quoted && kSeparators.find(c) != std::string_view::npos) return c;
  }
  return kSeparators.front();
}

// numpy.savetxt() writes "# a,b".
std::string_view without_mark(std::string_view line) { return line.starts_with('#') ? line.substr(1) : line; }

std::string without_doubled_quotes(std::string_view cell) {
  std::string name;
  for (size_t i = 0; i < cell.size(); ++i) {
    name += cell[i];
    if (cell.substr(i).starts_with("\"\"")) ++i;
  }
  return name;
}

std::vector<std::string> names_in(const Lines::Line& line, char separator, const std::string& place) {
  constexpr size_t kMostNames = 1 << 16;
  const auto where = line_name(place, line.number);
  const auto text = without_mark(line.text);
  SAVP_CHECK(std::min(line.text.find('\r'), line.text.size()) + 1 >= line.text.size(), DataError, where,
             ": its lines end in CR alone: save it with LF or CRLF");
  std::vector<std::string> names;
  for (const auto cell : Cells(text, separator, where).all()) names.push_back(without_doubled_quotes(cell));
  SAVP_CHECK(names.size() <= kMostNames, DataError, where, ": a table of ", names.size(),
             " columns is too wide: at most ", kMostNames, " are read");
  return names;
}

void check_different(const std::vector<std::string>& names, const std::string& place) {
  std::set<std::string> known;
  for (const auto& name : names)
    SAVP_CHECK(name.empty() || known.insert(name).second, DataError, place, ": the column's name ",
               shown(name), " stands twice: rename one");
}

// Whether a number beyond double's range is next to zero.
bool is_tiny(std::string_view number) {
  const auto exponent = number.find_first_of("eE");
  if (exponent != std::string_view::npos) return number.substr(exponent + 1).starts_with('-');
  return number.find_first_of("123456789") > number.find('.');
}

// Nothing for what is no number; infinite where it is too large.
std::optional<float> parse(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  constexpr auto kInfinite = std::numeric_limits<float>::infinity();
  if (failure == std::errc::result_out_of_range) return is_tiny(text) ? 0 : kInfinite;
  return std::abs(value) > std::numeric_limits<float>::max() ? kInfinite : static_cast<float>(value);
}

}  // namespace

NumberTable NumberTable::read(const std::filesystem::path& path) {
  constexpr int64_t kLargest = int64_t{1} << 28;  // bytes
  return {read_whole_file(path, kLargest), path.string()};
}

std::vector<std::string> NumberTable::read_names(const std::filesystem::path& path) {
  constexpr size_t kStart = 1 << 20;  // bytes
  const auto text = RegularFile(path.string()).read_at(0, kStart);
  const auto line = Lines(text, path.string()).next();
  return line ? names_in(*line, separator_in(line->text), path.string()) : std::vector<std::string>();
}

NumberTable::NumberTable(std::string text, std::string place)
    : text_(std::move(text)), place_(std::move(place)) {
  Lines lines(text_, place_);
  const auto first = lines.next().value_or(Lines::Line());
  const auto separator = separator_in(first.text);
  lines.separate_by(separator);
  names_ = names_in(first, separator, place_);
  check_different(names_, line_name(place_, first.number));
  while (const auto line = lines.next()) {
    const auto where = line_name(place_, line->number);
    const auto cells = Cells(line->text, separator, where).all();
    SAVP_CHECK(cells.size() == names_.size(), DataError, where, ": holds ", cells.size(),
               " cells, the line of names ", names_.size(),
               ": there must be one for each name, empty or not");
    cells_.insert(cells_.end(), cells.begin(), cells.end());
    lines_.push_back(line->number);
  }
  SAVP_CHECK(!lines_.empty(), DataError, place_,
             ": holds no table: a line of names and a line of numbers for each step are needed");
}

std::string NumberTable::place_of(int64_t row, size_t column) const {
  return concat(line_name(place_, lines_[static_cast<size_t>(row)]), ", column ", shown(names_[column]));
}

std::optional<float> NumberTable::number(int64_t row, size_t column) const {
  const auto cell = cells_[static_cast<size_t>(row) * names_.size() + column];
  if (cell.empty()) return std::nullopt;
  const auto value = parse(cell);
  SAVP_CHECK(value, DataError, place_of(row, column), ": \"", shown(cell),
             "\" is no finite number (numbers are written as in -0.5 or 1e-3)");
  if (std::isnan(*value)) return std::nullopt;
  SAVP_CHECK(std::isfinite(*value), DataError, place_of(row, column), ": \"", shown(cell),
             "\" is no finite number");
  return value;
}

}  // namespace savp
