// A file that appears whole or not at all: bytes go to a temporary name beside it, commit() flushes them to
// the disk and renames. Until then, and after any failure, a file of the same name stays as it was.
#pragma once

#include <cstddef>
#include <string>

namespace savp {

class AtomicFile {
 public:
  // Throws DataError, as all below, naming the file and the system's reason.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();  // without commit(): removes the temporary file
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  // Without flush a crash of the machine may lose the file, which is as well for what can be made again.
  void commit(bool flush = true);

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

// A whole small file at once.
void write_file_atomically(const std::string& path, const std::string& content);

}  // namespace savp
