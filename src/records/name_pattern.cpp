#include "records/name_pattern.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace savp {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

struct Placeholder {
  std::string_view text;
  bool (*holds)(char);
};
constexpr Placeholder kPlaceholders[] = {{"%d", is_digit}, {"{view}", is_word}};

}  // namespace

std::optional<std::vector<std::string_view>> match_name(std::string_view name, std::string_view pattern) {
  std::vector<std::string_view> parts;
  while (!pattern.empty()) {
    const auto* here = std::find_if(std::begin(kPlaceholders), std::end(kPlaceholders),
                                    [&](const Placeholder& p) { return pattern.starts_with(p.text); });
    if (here == std::end(kPlaceholders)) {
      if (name.empty() || name.front() != pattern.front()) return std::nullopt;
      name.remove_prefix(1), pattern.remove_prefix(1);
      continue;
    }
    const auto* end = std::find_if_not(name.begin(), name.end(), here->holds);
    const auto length = static_cast<size_t>(end - name.begin());
    if (length == 0) return std::nullopt;
    parts.push_back(name.substr(0, length));
    name.remove_prefix(length), pattern.remove_prefix(here->text.size());
  }
  return name.empty() ? std::optional(parts) : std::nullopt;
}

std::optional<int64_t> short_number(std::string_view digits) {
  constexpr size_t kMostDigits = 18;
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole =
      failure == std::errc() && end == digits.data() + digits.size() && digits.size() <= kMostDigits;
  return whole && is_digit(digits.front()) ? std::optional(number) : std::nullopt;
}

}  // namespace savp
