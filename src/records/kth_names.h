// How the videos of KTH are named, "person01_walking_d1_uncomp.avi", and its persons divided.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "records/name_pattern.h"

namespace savp {

inline constexpr int64_t kLastKthTrainingPerson = 16;  // of 25; the others are for the test

struct KthName {
  int64_t person = 0;
  std::string_view rest;  // "walking_d1_uncomp"
};

// Of a name without ".avi", which must outlive it; none for other names.
inline std::optional<KthName> kth_name(std::string_view stem) {
  const auto parts = match_name(stem, "person%d_{view}");
  const auto person = parts ? short_number(parts->front()) : std::nullopt;
  return person ? std::optional(KthName{*person, parts->back()}) : std::nullopt;
}

}  // namespace savp
