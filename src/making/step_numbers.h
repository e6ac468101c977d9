// The numbers that come with the frames of a video: actions and states, a row for each step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace savp {

struct NumberRows {
  std::vector<float> values;   // [rows, size]
  int64_t rows = 0, size = 0;  // of each row

  // Rows first .. first + count - 1, those of them that are there.
  std::vector<float> some(int64_t first, int64_t count) const;
};

// What actions and states are called; several names, joined by "+", stand side by side; empty: as usual.
struct NumberKeys {
  std::string actions = {}, states = {};
};
inline constexpr std::initializer_list<const char*> kUsualActions = {"actions", "action"};
inline constexpr std::initializer_list<const char*> kUsualStates = {"states", "state"};

// Looks for the rows of a name; nothing where there are none.
using FindRows = std::function<std::optional<NumberRows>(const std::string& name)>;

// The rows of a key; where it is empty those of the first usual name that is there, or nothing. Throws
// DataError for a key that is not there, with `place` before and `there` ("the columns a and b") behind.
std::optional<NumberRows> find_rows(const std::string& key, std::initializer_list<const char*> usual,
                                    const FindRows& find, const std::string& place,
                                    const std::function<std::string()>& there);

// Of one video.
struct StepNumbers {
  std::string place;  // where they are from
  std::optional<NumberRows> actions, states;

  bool any() const { return actions || states; }
  // ", 4 actions, 3 states".
  std::string content() const;
  // Of actions there must be as many as frames or one less, of states as many. Throws DataError with both
  // places and counts.
  void check_frames(int64_t frames, const std::string& video) const;
};

// From a file beside a video: an .npz file with arrays [steps, numbers], or a CSV table (io/number_table.h)
// with columns like action_0, action_1, state_0. Without actions and states where it holds neither and no
// key is given.
StepNumbers read_step_numbers(const std::filesystem::path& path, const NumberKeys& keys);

}  // namespace savp
