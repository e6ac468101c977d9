// Python's pickles, as far as they hold plain data, NumPy's arrays and PyTorch's tensors. A pickle is a
// program; one that would call anything but the constructors of these is refused, and nothing of it is run
// but what is described here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
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

// Numbers of PyTorch, which lie elsewhere, as torch.save() and torch.jit.save() put them.
struct PickledStorage {
  std::string name;
  std::string type;  // "FloatStorage"
  int64_t size = 0;  // numbers that it says it has
};

// A part of a storage, as it says: nothing is checked here but that these are whole numbers.
struct PickledTensor {
  std::string name;    // the keys that lead to it
  size_t storage = 0;  // its place among PickledTensors::storages
  int64_t offset = 0;  // its first number in the storage
  std::vector<int64_t> shape, strides;
};

struct PickledTensors {
  std::vector<PickledStorage> storages;  // each once, in the order in which they are first named
  std::vector<PickledTensor> tensors;
  size_t bytes = 0;  // of the program: what follows is not part of it
};

// The tensors of dictionaries within dictionaries; what else is in them is passed over. `name` opens
// messages. Throws as read_pickle does.
PickledTensors read_pickled_tensors(std::string_view program, const std::string& name);

// All tensors of a program, wherever they are, without names. Whatever else it would make is passed over.
PickledTensors read_all_pickled_tensors(std::string_view program, const std::string& name);

// Plain data, as read_pickle has it, and how many bytes of the program that took.
std::pair<nlohmann::json, size_t> read_pickle(std::string_view program, const std::string& name);

}  // namespace savp
