#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "savp/core/error.h"

namespace savp {

MappedFile map_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  SAVP_CHECK(descriptor >= 0, DataError, path, ": cannot be opened (", std::strerror(errno), ")");
  const std::shared_ptr<void> closer(nullptr, [descriptor](void*) { ::close(descriptor); });
  struct stat status {};
  SAVP_CHECK(::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode), DataError, path,
             ": is not a file");
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return {};
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  SAVP_CHECK(address != MAP_FAILED, DataError, path, ": cannot be mapped (", std::strerror(errno), ")");
  return {{static_cast<const std::byte*>(address),
           [size](const std::byte* p) { ::munmap(const_cast<std::byte*>(p), size); }},
          size};
}

}  // namespace savp
