// Bytes that readers of files take for a file, without a disk.
#pragma once

#include <string>
#include <string_view>

namespace savp {

// Lives as long as this object. Throws ResourceError where there is no memory.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const;

 private:
  int descriptor_;
};

}  // namespace savp
