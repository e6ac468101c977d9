#include "io/whole_file.h"

#include "core/failure.h"
#include "io/atomic_file.h"
#include "io/regular_file.h"

namespace savp {

namespace fs = std::filesystem;

std::string read_whole_file(const fs::path& path, int64_t at_most) {
  const RegularFile file(path.string());
  SAVP_CHECK(file.size() <= at_most, DataError, path.string(), ": is too large (", file.size(),
             " bytes, at most ", at_most, " are read)");
  auto bytes = file.read_at(0, static_cast<size_t>(file.size()));
  constexpr size_t kMore = 1 << 16;  // files of the kernel tell no size
  while (static_cast<int64_t>(bytes.size()) < at_most) {
    const auto more = file.read_at(static_cast<int64_t>(bytes.size()), kMore);
    if (more.empty()) break;
    bytes += more;
  }
  return bytes;
}

std::optional<std::string> read_if_there(const fs::path& path, int64_t at_most) {
  std::error_code failure;
  if (fs::symlink_status(path, failure).type() == fs::file_type::not_found) return std::nullopt;
  return read_whole_file(path, at_most);
}

void write_whole_file(const fs::path& path, std::string_view bytes) {
  std::error_code failure;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failure);
  if (failure) throw_failure(failure.value(), path.parent_path().string() + ": cannot be made");
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit(/*flush=*/false);
}

}  // namespace savp
