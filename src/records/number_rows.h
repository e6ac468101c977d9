// Actions and states that come with frames: rows of numbers, found by their names.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace savp {

struct NumberRows {
  std::vector<float> values;   // [rows, size]
  int64_t rows = 0, size = 0;  // of each row
  bool lacks_last = false;     // one more row was there, of an action that has no value

  // Rows first .. first + count - 1, those of them that are there.
  std::vector<float> some(int64_t first, int64_t count) const;
};

// Names; several, joined by "+", stand side by side; empty: as usual.
struct NumberKeys {
  std::string actions = {}, states = {};
};

// What is looked for.
struct NumberKind {
  const char* hparam;                // that names it
  std::array<const char*, 2> usual;  // names; the first that is there counts
  bool may_lack_last;                // what follows the last frame leads nowhere, and may have no value
};
inline constexpr NumberKind kActions{"action_key", {"actions", "action"}, true};
inline constexpr NumberKind kStates{"state_key", {"states", "state"}, false};

// Looks for the rows of a name; nothing where there are none. A value that is missing is NaN.
using FindRows = std::function<std::optional<NumberRows>(const std::string& name)>;

// Where they are looked for, for messages.
struct NumberPlace {
  std::string name;                    // "a.npz"; empty: who catches an error says it
  std::function<std::string()> there;  // "the columns a and b"
};

// The rows of a key; where it is empty those of the first usual name that is there, or nothing. Throws
// DataError for a key that is not there, for names with different numbers of rows, and for values that
// check_numbers() refuses. Only an action's last row may have such values: it is left out.
std::optional<NumberRows> find_rows(const NumberKind& kind, const std::string& key, const NumberPlace& place,
                                    const FindRows& find);

// Whether a model can be trained with the number: it is finite, and so is its square.
bool is_usable(float number);

// Throws DataError ("holds the value ...") for numbers that are not usable.
void check_numbers(const std::vector<float>& numbers);

}  // namespace savp
