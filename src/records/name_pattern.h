// Names of features and files by pattern: "%d" stands for digits, "{view}" for letters, digits and
// underscores, all else for itself. Matched from left to right in one go, since names in files may be of
// any length.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace savp {

// What stands for each "%d" and "{view}", in their order; nothing where the name is not of the pattern.
std::optional<std::vector<std::string_view>> match_name(std::string_view name, std::string_view pattern);

// A number of at most 18 digits; nothing for longer ones and other texts.
std::optional<int64_t> short_number(std::string_view digits);

}  // namespace savp
