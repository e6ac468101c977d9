// Tables by name: pairs of an enumeration's value and what stands for it.
#pragma once

#include <stdexcept>

namespace savp {

// What a table has for a value. Throws std::logic_error where it has no row.
template <class Table, class Enum>
const auto& row_of(const Table& table, Enum value) {
  for (const auto& [known, row] : table)
    if (known == value) return row;
  throw std::logic_error("an enumeration value without a row");
}

}  // namespace savp
