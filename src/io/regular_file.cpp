#include "io/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/failure.h"

namespace savp {

const char* kind_of_node(mode_t mode) {
  if (S_ISREG(mode)) return "a file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  return S_ISSOCK(mode) ? "a socket" : "a device";
}

// O_NONBLOCK: to open a pipe would wait for somebody who writes to it.
RegularFile::RegularFile(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) throw_failure(errno == ENXIO ? EINVAL : errno, path + ": cannot be opened");
  struct stat status {};
  const bool known = ::fstat(descriptor_, &status) == 0;
  const int code = errno;
  if (known && S_ISREG(status.st_mode)) {
    size_ = status.st_size;
    return;
  }
  ::close(descriptor_);
  if (!known) throw_failure(code, path + ": cannot be read");
  throw DataError(concat(path, ": is not a file, but ", kind_of_node(status.st_mode)));
}

RegularFile::~RegularFile() { ::close(descriptor_); }

size_t RegularFile::read_at(int64_t offset, char* to, size_t count) const {
  size_t done = 0;
  while (done < count) {
    const auto got = ::pread(descriptor_, to + done, count - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_failure(errno, concat(path_, ": cannot be read at byte ", offset));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

std::string RegularFile::read_at(int64_t offset, size_t count) const {
  std::string bytes(count, '\0');
  bytes.resize(read_at(offset, bytes.data(), count));
  return bytes;
}

}  // namespace savp
