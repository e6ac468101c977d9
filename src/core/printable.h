// Text from outside (names of files, features, arrays) as it may be shown.
#pragma once

#include <string>
#include <string_view>

namespace savp {

// Control bytes and what is no UTF-8 as \x1b; of a text longer than `at_most` bytes its start and its end.
std::string printable(std::string_view text, size_t at_most = std::string_view::npos);

// As long as a name may be in a message.
inline std::string shown(std::string_view name) { return printable(name, 120); }

}  // namespace savp
