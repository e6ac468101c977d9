#include "core/text.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace savp {
namespace {

// Levenshtein distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

std::string join(const std::vector<std::string>& words, std::string_view last_separator) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last_separator : std::string_view(", ");
    text += words[i];
  }
  return text;
}

}  // namespace

std::string join_words(const std::vector<std::string>& words) { return join(words, " and "); }

std::string counted(int64_t count, std::string_view thing) {
  return std::to_string(count) + " " + std::string(thing) + (count == 1 ? "" : "s");
}

std::vector<std::string> near_misses(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const auto& candidate : known) {
    constexpr size_t kLongest = 200;  // nobody types more, and names in files may be of any length
    if (std::max(word.size(), candidate.size()) > kLongest) continue;
    const size_t distance = edit_distance(word, candidate);
    const bool part = word.size() >= 3 && candidate.find(word) != std::string::npos;
    if (distance <= std::max<size_t>(2, word.size() / 3) || part) near.emplace_back(distance, candidate);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (near.size() > 3) near.resize(3);
  std::vector<std::string> words;
  for (auto& [distance, candidate] : near) words.push_back(std::move(candidate));
  return words;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto words = near_misses(word, known);
  return words.empty() ? "" : " (did you mean " + join(words, " or ") + "?)";
}

std::string lower_case(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace savp
