#include "io/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "core/error.h"
#include "core/failure.h"

namespace savp {
namespace {

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written <= 0) throw_failure(errno, "a file in memory cannot be written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

MemoryFile::MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("savp", MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw_failure(errno, "a file in memory cannot be made");
  try {
    write_all(descriptor_, bytes);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

MemoryFile::~MemoryFile() { ::close(descriptor_); }

std::string MemoryFile::path() const { return concat("/proc/self/fd/", descriptor_); }

}  // namespace savp
