// Numbers in names of files, which sort as they count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace savp {

// "00017" of 17 and 5 digits; larger numbers have as many as they need.
inline std::string padded_number(int64_t number, size_t digits) {
  auto text = std::to_string(number);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

}  // namespace savp
