// The numbers that come with the frames of a video.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "records/number_rows.h"

namespace savp {

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

// Those of the keys, or of the usual names.
StepNumbers find_step_numbers(const NumberKeys& keys, const NumberPlace& place, const FindRows& find_actions,
                              const FindRows& find_states);

// From a file beside a video: an .npz file with arrays [steps, numbers], an .npy file with the actions alone,
// or a CSV table (io/number_table.h) with columns like action_0, action_1, state_0. Without actions and
// states where an .npz file or a table holds neither and no key is given.
StepNumbers read_step_numbers(const std::filesystem::path& path, const NumberKeys& keys);

}  // namespace savp
