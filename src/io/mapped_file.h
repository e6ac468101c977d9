// Files in memory, to read.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace savp {

struct MappedFile {
  std::shared_ptr<const std::byte> bytes;  // null for an empty file
  size_t size = 0;
};

// Throws DataError for what is not a file that can be read. The bytes are a copy: a file mapped into memory
// would end the program (SIGBUS) when another cuts it short.
MappedFile map_file(const std::string& path);

}  // namespace savp
