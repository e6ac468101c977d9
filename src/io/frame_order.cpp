#include "io/frame_order.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// The digits that a text starts with are taken off its front.
std::string take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit) - text.begin();
  std::string digits(text.substr(0, static_cast<size_t>(end)));
  text.remove_prefix(digits.size());
  return digits;
}

// A stretch of letters, or a number: its digits without zeros that mean nothing. Numbers come before letters.
struct Part {
  std::string letters;  // empty: a number
  std::string whole, fraction;

  auto key() const { return std::tuple(!letters.empty(), letters, whole.size(), whole, fraction); }
  bool operator<(const Part& other) const { return key() < other.key(); }
  bool operator==(const Part& other) const { return key() == other.key(); }
};

struct FrameName {
  fs::path path;
  std::vector<Part> parts;
  std::vector<Part> numbers;
  std::string series;                // the letters, with # for each number
  bool has_padded_fraction = false;  // as in 1.10, which nobody writes for 1.1

  bool operator<(const FrameName& other) const { return parts < other.parts; }
};

FrameName parse(const fs::path& path, bool decimals) {
  FrameName name{.path = path};
  const auto text = lower_case(path.stem().string());
  for (std::string_view left(text); !left.empty();) {
    Part part;
    if (is_digit(left.front())) {
      part.whole = take_digits(left);
      part.whole.erase(0, part.whole.find_first_not_of('0'));
      if (decimals && left.size() > 1 && left[0] == '.' && is_digit(left[1])) {
        left.remove_prefix(1);
        part.fraction = take_digits(left);
        name.has_padded_fraction |= part.fraction.size() > 1 && part.fraction.back() == '0';
        part.fraction.erase(part.fraction.find_last_not_of('0') + 1);
      }
      name.series += '#';
      name.numbers.push_back(part);
    } else {
      const auto end = std::find_if(left.begin(), left.end(), is_digit) - left.begin();
      part.letters = left.substr(0, static_cast<size_t>(end));
      left.remove_prefix(part.letters.size());
      name.series += part.letters;
    }
    name.parts.push_back(std::move(part));
  }
  return name;
}

std::vector<FrameName> sorted(const std::vector<fs::path>& paths, bool decimals) {
  std::vector<FrameName> names;
  for (const auto& path : paths) names.push_back(parse(path, decimals));
  std::sort(names.begin(), names.end(),
            [](const FrameName& a, const FrameName& b) { return a < b || (!(b < a) && a.path < b.path); });
  return names;
}

[[noreturn]] void refuse(const FrameName& a, const FrameName& b, const char* why) {
  throw DataError(concat(
      a.path.parent_path().string(), ": the order of its frames is not clear: ", a.path.filename().string(),
      " and ", b.path.filename().string(), why, ": name them alike, as frame_000.png, frame_001.png"));
}

void check_series(const std::vector<FrameName>& names) {
  std::map<std::string, std::vector<const FrameName*>> all;
  for (const auto& name : names) all[name.series].push_back(&name);
  if (all.size() < 2) return;
  std::map<std::vector<Part>, const FrameName*> by_number;
  for (const auto& name : names) {
    if (name.numbers.empty()) continue;
    const auto [known, is_new] = by_number.emplace(name.numbers, &name);
    if (!is_new) refuse(*known->second, name, " have the same number, but belong to different series");
  }
  if (by_number.empty()) return;  // letters alone
  auto numbered = names;
  std::stable_sort(numbered.begin(), numbered.end(),
                   [](const FrameName& a, const FrameName& b) { return a.numbers < b.numbers; });
  for (size_t i = 0; i < names.size(); ++i)
    if (numbered[i].path != names[i].path)
      refuse(names[i], numbered[i],
             " belong to different series: by name the first comes first, by number the second");
  const auto& first = names.front();  // one without a number, if there is one
  const auto& second = names.at(1);
  if (first.numbers.empty() && !second.series.starts_with(first.series))
    refuse(first, second, " belong to different series: one has no number");
}

void replace(std::vector<fs::path>& paths, const std::vector<FrameName>& names) {
  for (size_t i = 0; i < names.size(); ++i) paths[i] = names[i].path;
}

}  // namespace

void sort_names(std::vector<fs::path>& paths) { replace(paths, sorted(paths, /*decimals=*/false)); }

void sort_frames(std::vector<fs::path>& frames) {
  auto names = sorted(frames, /*decimals=*/true);
  const auto other = sorted(frames, /*decimals=*/false);
  const bool padded =
      std::any_of(names.begin(), names.end(), [](const FrameName& name) { return name.has_padded_fraction; });
  for (size_t i = 0; padded && i < names.size(); ++i)
    if (names[i].path != other[i].path)
      refuse(names[i], other[i], " have numbers that may be decimals or not");
  for (size_t i = 0; i + 1 < names.size(); ++i)
    if (!(names[i] < names[i + 1])) refuse(names[i], names[i + 1], " have the same place");
  check_series(names);
  replace(frames, names);
}

}  // namespace savp
