// Arrays as NumPy keeps them: an .npz file, stored without compression.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/array_file.h"

namespace savp {

struct NamedArray {
  std::string name;
  ArrayHeader header;
  std::string bytes;  // of the values, little-endian, in C order
};

// The file appears in full or not at all; missing folders are made. Throws DataError.
void write_arrays(const std::filesystem::path& path, const std::vector<NamedArray>& arrays);

}  // namespace savp
