#include "making/step_numbers.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/array_file.h"
#include "io/number_table.h"
#include "records/name_pattern.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_key(const std::string& key) {
  std::vector<std::string> names;
  for (size_t from = 0; from <= key.size();) {
    const auto plus = std::min(key.find('+', from), key.size());
    names.push_back(key.substr(from, plus - from));
    from = plus + 1;
  }
  return names;
}

// The numbers of two for each row.
NumberRows side_by_side(const NumberRows& left, const NumberRows& right) {
  NumberRows both{{}, left.rows, left.size + right.size};
  for (int64_t row = 0; row < left.rows; ++row)
    for (const auto* part : {&left, &right}) {
      const auto more = part->some(row, 1);
      both.values.insert(both.values.end(), more.begin(), more.end());
    }
  return both;
}

std::string list_of(const std::vector<std::string>& names, const char* things) {
  constexpr size_t kNamed = 12;
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(kNamed, names.size()); ++i) some.push_back(shown(names[i]));
  if (names.size() > kNamed) some.push_back(concat(names.size() - kNamed, " more"));
  return concat(things, " ", join_words(some));
}

// --- .npz

std::optional<NumberRows> rows_of_array(const ArrayFile& file, const std::string& name) {
  if (!file.has(name)) return std::nullopt;
  constexpr int64_t kMostValues = int64_t{1} << 26;
  auto reader = file.open(name);
  const auto& shape = reader.header().shape;
  const auto values = reader.header().values();
  SAVP_CHECK((shape.size() == 1 || shape.size() == 2) && values > 0 && values <= kMostValues, DataError,
             reader.name(), ": has the shape ", shape_text(shape), ", but [steps, numbers] is needed");
  NumberRows rows{reader.read_floats(values), shape[0], values / shape[0]};
  reader.finish();
  const auto finite = [](float value) { return std::isfinite(value); };
  SAVP_CHECK(std::all_of(rows.values.begin(), rows.values.end(), finite), DataError, reader.name(),
             ": holds a value that is not finite");
  return rows;
}

// --- CSV

// The columns of a name: "pos" alone, or pos_0, pos_1, ... by their numbers; none where there are none.
std::vector<size_t> columns_of(const NumberTable& table, const std::string& name, const std::string& place) {
  std::map<int64_t, size_t> by_number;
  const auto& names = table.names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return {i};
    const auto is_one = names[i].starts_with(name + "_");
    const auto number = is_one ? std::string_view(names[i]).substr(name.size() + 1) : std::string_view();
    if (const auto place_in_row = number.empty() ? std::nullopt : short_number(number))
      by_number.emplace(*place_in_row, i);
  }
  std::vector<size_t> columns;
  for (const auto& [number, column] : by_number) {
    SAVP_CHECK(number == static_cast<int64_t>(columns.size()), DataError, place, ": has the column ",
               shown(names[column]), ", but no column ", shown(name), "_", columns.size());
    columns.push_back(column);
  }
  return columns;
}

// `last_may_lack`: an action after the last frame leads nowhere.
std::optional<NumberRows> rows_of_columns(const NumberTable& table, const std::string& name,
                                          const std::string& place, bool last_may_lack) {
  const auto columns = columns_of(table, name, place);
  if (columns.empty()) return std::nullopt;
  NumberRows rows{{}, table.rows(), static_cast<int64_t>(columns.size())};
  for (int64_t row = 0; row < rows.rows; ++row)
    for (const auto column : columns) {
      const auto value = table.number(row, column);
      SAVP_CHECK(value || (last_may_lack && row + 1 == rows.rows), DataError, place, ": column ",
                 shown(table.names()[column]), " is empty in the row of step ", row);
      rows.values.push_back(value.value_or(0));
    }
  return rows;
}

// Whether a table that lies beside a video by chance can be told from one of actions and states.
bool may_hold_numbers(const fs::path& path) {
  constexpr const char* kAroundNames = " \t\r\"\xEF\xBB\xBF";
  std::ifstream file(path);
  std::string name;
  for (char c = 0; file.get(c) && name.size() < 64;) {
    if (c != ',' && c != '\n') {
      name += c;
      continue;
    }
    name.erase(0, name.find_first_not_of(kAroundNames));
    for (const auto& usual : {kUsualActions, kUsualStates})
      for (const std::string known : usual)
        if (name.starts_with(known)) return true;
    if (c == '\n' && !name.empty()) return false;
    name.clear();
  }
  return false;
}

StepNumbers read_table(const fs::path& path, const NumberKeys& keys) {
  const auto place = path.string();
  if (keys.actions.empty() && keys.states.empty() && !may_hold_numbers(path)) return {place, {}, {}};
  const NumberTable table = NumberTable::read(path);
  const auto there = [&] { return list_of(table.names(), "the columns"); };
  const auto find = [&](bool actions) {
    return [&, actions](const std::string& name) { return rows_of_columns(table, name, place, actions); };
  };
  return {place, find_rows(keys.actions, kUsualActions, find(true), place, there),
          find_rows(keys.states, kUsualStates, find(false), place, there)};
}

StepNumbers read_arrays(const fs::path& path, const NumberKeys& keys) {
  const auto place = path.string();
  const ArrayFile file(path);
  const auto there = [&] { return list_of(file.names(), "the arrays"); };
  const auto find = [&](const std::string& name) { return rows_of_array(file, name); };
  return {place, find_rows(keys.actions, kUsualActions, find, place, there),
          find_rows(keys.states, kUsualStates, find, place, there)};
}

}  // namespace

std::vector<float> NumberRows::some(int64_t first, int64_t count) const {
  const auto at = [&](int64_t row) { return values.begin() + std::clamp<int64_t>(row, 0, rows) * size; };
  return {at(first), at(first + count)};
}

std::optional<NumberRows> find_rows(const std::string& key, std::initializer_list<const char*> usual,
                                    const FindRows& find, const std::string& place,
                                    const std::function<std::string()>& there) {
  if (key.empty()) {
    for (const char* name : usual)
      if (auto rows = find(name)) return rows;
    return std::nullopt;
  }
  std::optional<NumberRows> joined;
  for (const auto& name : split_key(key)) {
    const auto rows = find(name);
    SAVP_CHECK(rows, DataError, place, ": holds no ", shown(name), "; there are ", there());
    SAVP_CHECK(!joined || joined->rows == rows->rows, DataError, place, ": ", shown(name), " has ",
               rows->rows, " steps, what stands before it in ", shown(key), " ", joined->rows);
    joined = joined ? side_by_side(*joined, *rows) : *rows;
  }
  return joined;
}

std::string StepNumbers::content() const {
  return concat(actions ? concat(", ", actions->size, " actions") : "",
                states ? concat(", ", states->size, " states") : "");
}

void StepNumbers::check_frames(int64_t frames, const std::string& video) const {
  if (actions)
    SAVP_CHECK(actions->rows == frames || actions->rows == frames - 1, DataError, place, ": holds ",
               counted(actions->rows, "action"), ", but ", video, " has ", counted(frames, "frame"),
               ": there must be one for each frame, or one less");
  if (states)
    SAVP_CHECK(states->rows == frames, DataError, place, ": holds ", counted(states->rows, "state"), ", but ",
               video, " has ", counted(frames, "frame"), ": there must be one for each frame");
}

StepNumbers read_step_numbers(const fs::path& path, const NumberKeys& keys) {
  return is_array_name(path) ? read_arrays(path, keys) : read_table(path, keys);
}

}  // namespace savp
