#include "records/number_rows.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/printable.h"
#include "records/layouts.h"

namespace savp {
namespace {

std::vector<std::string> split_key(const std::string& key) {
  std::vector<std::string> names;
  for (size_t from = 0; from <= key.size();) {
    const auto plus = std::min(key.find('+', from), key.size());
    names.push_back(key.substr(from, plus - from));
    from = plus + 1;
  }
  return names;
}

std::string opening(const NumberPlace& place) { return place.name.empty() ? "" : place.name + ": "; }

// The numbers of two for each row.
NumberRows side_by_side(const NumberRows& left, const NumberRows& right) {
  NumberRows both{{}, left.rows, left.size + right.size};
  for (int64_t row = 0; row < left.rows; ++row)
    for (const auto* part : {&left, &right}) {
      const auto more = part->some(row, 1);
      both.values.insert(both.values.end(), more.begin(), more.end());
    }
  return both;
}

NumberRows joined(const NumberKind& kind, const std::string& key, const NumberPlace& place,
                  const FindRows& find) {
  std::optional<NumberRows> all;
  for (const auto& name : split_key(key)) {
    const auto rows = find(name);
    SAVP_CHECK(rows, DataError, opening(place), "holds no ", shown(name), " (", kind.hparam, "); there are ",
               place.there());
    SAVP_CHECK(!all || all->rows == rows->rows, DataError, opening(place), shown(name), " has ", rows->rows,
               " steps, what stands before it in ", kind.hparam, "=", shown(key), " ", all->rows);
    all = all ? side_by_side(*all, *rows) : *rows;
  }
  return *all;
}

NumberRows without_last(const NumberRows& rows) {
  return {rows.some(0, rows.rows - 1), rows.rows - 1, rows.size, /*lacks_last=*/true};
}

NumberRows checked(NumberRows rows, const NumberKind& kind, const std::string& name) {
  const auto last = rows.some(rows.rows - 1, 1);
  if (kind.may_lack_last && !std::all_of(last.begin(), last.end(), is_usable)) rows = without_last(rows);
  in_part([&] { return name; }, [&] { check_numbers(rows.values); });
  return rows;
}

}  // namespace

std::vector<float> NumberRows::some(int64_t first, int64_t count) const {
  const auto at = [&](int64_t row) { return values.begin() + std::clamp<int64_t>(row, 0, rows) * size; };
  return {at(first), at(first + count)};
}

std::optional<NumberRows> find_rows(const NumberKind& kind, const std::string& key, const NumberPlace& place,
                                    const FindRows& find) {
  if (!key.empty()) return checked(joined(kind, key, place, find), kind, opening(place) + shown(key));
  for (const char* name : kind.usual)
    if (auto rows = find(name)) return checked(*std::move(rows), kind, opening(place) + name);
  return std::nullopt;
}

// Squares of larger numbers leave the range of float: training would diverge, whatever its rate.
bool is_usable(float number) {
  constexpr float kLargest = 1e15F;
  return std::abs(number) <= kLargest;
}

void check_numbers(const std::vector<float>& numbers) {
  const auto bad = std::find_if_not(numbers.begin(), numbers.end(), is_usable);
  SAVP_CHECK(bad == numbers.end(), DataError, "holds the value ", *bad, " (number ", bad - numbers.begin(),
             std::isfinite(*bad) ? "), which is out of range" : "), which is not finite");
}

}  // namespace savp
