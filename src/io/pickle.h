// Python's pickles, as far as they hold plain data and NumPy's arrays. A pickle is a program; one that
// would call anything but the constructors of these is refused, and nothing of it is run but what is
// described here.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/array_file.h"

namespace savp {

// Lists, tuples (as lists), dictionaries with text keys, numbers, text, byte strings (as text), booleans and
// None, of protocols 0 to 5. Throws DataError with the file, the byte and the cause.
nlohmann::json read_pickle(const std::filesystem::path& path);

struct PickledArray {
  std::string name;  // the keys that lead to it: "params/Conv_0/kernel"
  ArrayHeader header;
  std::string bytes;  // row-major, little-endian
};

// Dictionaries within dictionaries whose values are NumPy's arrays of numbers, of protocols 3 and 4, in the
// order in which they were written; together at most 2^27 bytes. Throws as read_pickle does.
std::vector<PickledArray> read_pickled_arrays(const std::filesystem::path& path);

}  // namespace savp
