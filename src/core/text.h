// Words for messages: lists, plurals and near misses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace savp {

// "a, b and c"; empty text for an empty list.
std::string join_words(const std::vector<std::string>& words);

// "1 clip", "3 clips".
std::string counted(int64_t count, std::string_view thing);

// The known words that a typist may have meant, nearest first; at most three.
std::vector<std::string> near_misses(std::string_view word, const std::vector<std::string>& known);

// " (did you mean a or b?)", or empty text where nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

// ASCII letters in lower case, the rest as it is.
std::string lower_case(std::string text);

}  // namespace savp
