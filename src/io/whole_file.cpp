#include "io/whole_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "savp/core/error.h"
#include "savp/io/atomic_file.h"

namespace savp {

namespace fs = std::filesystem;

std::string read_whole_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  SAVP_CHECK(file, DataError, path.string(), ": cannot be opened (", std::strerror(errno), ")");
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  SAVP_CHECK(!file.bad(), DataError, path.string(), ": cannot be read (", std::strerror(errno), ")");
  return bytes;
}

void write_whole_file(const fs::path& path, std::string_view bytes) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  SAVP_CHECK(!failure, DataError, path.parent_path().string(), ": cannot be made (", failure.message(), ")");
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit(/*flush=*/false);
}

}  // namespace savp
