#include "making/step_numbers.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/array_file.h"
#include "io/number_table.h"
#include "records/name_pattern.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

std::string list_of(const std::vector<std::string>& names, const char* things) {
  constexpr size_t kNamed = 12;
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(kNamed, names.size()); ++i) some.push_back(shown(names[i]));
  if (names.size() > kNamed) some.push_back(concat(names.size() - kNamed, " more"));
  return concat(things, " ", join_words(some));
}

// --- Arrays

NumberRows rows_of_array(ArrayReader reader) {
  constexpr int64_t kMostValues = int64_t{1} << 26;
  const auto& shape = reader.header().shape;
  const auto values = reader.header().values();
  SAVP_CHECK(
      (shape.size() == 1 || shape.size() == 2) && values > 0 && values <= kMostValues, DataError,
      reader.name(), ": has the shape ", shape_text(shape),
      ", but a table [steps, numbers] is needed beside a video: a file that does not belong to it needs "
      "another name");
  NumberRows rows{reader.read_floats(values), shape[0], values / shape[0]};
  reader.finish();
  return rows;
}

// The array of an .npy file has no name: it holds the actions.
std::optional<NumberRows> find_array(const ArrayFile& file, const std::string& name) {
  const bool alone = file.has("");
  const auto asked = alone && name == kActions.usual.front() ? "" : name;
  return file.has(asked) ? std::optional(rows_of_array(file.open(asked))) : std::nullopt;
}

StepNumbers read_arrays(const fs::path& path, const NumberKeys& keys) {
  const ArrayFile file(path);
  const auto there = [&] {
    return file.has("") ? std::string("actions alone (an .npz file names its arrays)")
                        : list_of(file.names(), "the arrays");
  };
  const auto find = [&](const std::string& name) { return find_array(file, name); };
  return find_step_numbers(keys, {path.string(), there}, find, find);
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
    if (const auto place_in_row = number.empty() ? std::nullopt : short_number(number)) {
      const auto [known, is_new] = by_number.emplace(*place_in_row, i);
      SAVP_CHECK(is_new, DataError, place, ": the columns ", shown(names[known->second]), " and ",
                 shown(names[i]), " have the same number");
    }
  }
  std::vector<size_t> columns;
  for (const auto& [number, column] : by_number) {
    SAVP_CHECK(number == static_cast<int64_t>(columns.size()), DataError, place, ": has the column ",
               shown(names[column]), ", but no column ", shown(name), "_", columns.size());
    columns.push_back(column);
  }
  return columns;
}

std::optional<NumberRows> rows_of_columns(const NumberTable& table, const std::string& name,
                                          const std::string& place, const NumberKind& kind) {
  const auto columns = columns_of(table, name, place);
  if (columns.empty()) return std::nullopt;
  NumberRows rows{{}, table.rows(), static_cast<int64_t>(columns.size())};
  for (int64_t row = 0; row < rows.rows; ++row)
    for (const auto column : columns) {
      const auto value = table.number(row, column);
      SAVP_CHECK(value || (kind.may_lack_last && row + 1 == rows.rows), DataError,
                 table.place_of(row, column), " is empty or NaN: a number is needed for every step");
      SAVP_CHECK(!value || is_usable(*value), DataError, table.place_of(row, column), ": ", *value,
                 " is out of range");
      rows.values.push_back(value.value_or(std::numeric_limits<float>::quiet_NaN()));
    }
  return rows;
}

// The first column that is called like actions or states, however it is spelt: a table that lies beside a
// video by chance has none.
std::optional<std::string> column_of_numbers(const std::vector<std::string>& columns) {
  const auto found = std::find_if(columns.begin(), columns.end(), [](const std::string& column) {
    const auto name = lower_case(column);
    return name.starts_with(kActions.usual.back()) || name.starts_with(kStates.usual.back());
  });
  return found == columns.end() ? std::nullopt : std::optional(*found);
}

StepNumbers read_table(const fs::path& path, const NumberKeys& keys) {
  const auto place = path.string();
  const bool asked = !keys.actions.empty() || !keys.states.empty();
  const auto like_numbers = column_of_numbers(NumberTable::read_names(path));
  if (!asked && !like_numbers) return {place, {}, {}};
  const NumberTable table = NumberTable::read(path);
  const auto find = [&](const NumberKind& kind) {
    return [&, kind](const std::string& name) { return rows_of_columns(table, name, place, kind); };
  };
  auto numbers = find_step_numbers(keys, {place, [&] { return list_of(table.names(), "the columns"); }},
                                   find(kActions), find(kStates));
  SAVP_CHECK(numbers.any(), DataError, place, ": the column ", shown(*like_numbers),
             " is none of action_0, action_1, ..., state_0, ...: rename it, or name it with action_key or "
             "state_key, or give a table that does not belong to the video another name");
  return numbers;
}

}  // namespace

StepNumbers find_step_numbers(const NumberKeys& keys, const NumberPlace& place, const FindRows& find_actions,
                              const FindRows& find_states) {
  return {place.name, find_rows(kActions, keys.actions, place, find_actions),
          find_rows(kStates, keys.states, place, find_states)};
}

std::string StepNumbers::content() const {
  return concat(actions ? concat(", ", actions->size, " actions") : "",
                states ? concat(", ", states->size, " states") : "");
}

void StepNumbers::check_frames(int64_t frames, const std::string& video) const {
  if (actions) {
    const bool fits = actions->rows == frames - 1 || (actions->rows == frames && !actions->lacks_last);
    SAVP_CHECK(fits, DataError, place, ": holds ", counted(actions->rows, "action"),
               actions->lacks_last ? " and a last one without a value" : "", ", but ", video, " has ",
               counted(frames, "frame"), ": there must be one for each frame, or one less");
  }
  if (states)
    SAVP_CHECK(states->rows == frames, DataError, place, ": holds ", counted(states->rows, "state"), ", but ",
               video, " has ", counted(frames, "frame"), ": there must be one for each frame");
}

StepNumbers read_step_numbers(const fs::path& path, const NumberKeys& keys) {
  return is_array_name(path) ? read_arrays(path, keys) : read_table(path, keys);
}

}  // namespace savp
