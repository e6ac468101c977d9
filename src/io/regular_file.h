// Files opened to be read: regular ones alone, so that nothing ever waits for a pipe or a device.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace savp {

// "a pipe", "a folder", ... for what is no file.
const char* kind_of_node(mode_t mode);

class RegularFile {
 public:
  // Throws DataError, or ResourceError where the machine fails.
  explicit RegularFile(const std::string& path);
  ~RegularFile();
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;

  int64_t size() const { return size_; }  // bytes, when it was opened

  // The bytes from `offset` on; fewer than `count` where the file ends.
  size_t read_at(int64_t offset, char* to, size_t count) const;
  std::string read_at(int64_t offset, size_t count) const;

 private:
  std::string path_;
  int descriptor_;
  int64_t size_ = 0;
};

}  // namespace savp
