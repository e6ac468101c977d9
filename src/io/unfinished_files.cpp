#include "io/unfinished_files.h"

#include <string>
#include <vector>

namespace savp {
namespace {

namespace fs = std::filesystem;

// "options.json.tmp4711", as AtomicFile calls it until it is whole.
bool is_unfinished(const std::string& name) {
  constexpr std::string_view kMark = ".tmp";
  const auto mark = name.rfind(kMark);
  if (mark == std::string::npos || mark == 0) return false;
  const auto process = name.substr(mark + kMark.size());
  return !process.empty() && process.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

void remove_unfinished_files(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> unfinished;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (is_unfinished(entry->path().filename().string())) unfinished.push_back(entry->path());
  for (const auto& path : unfinished) fs::remove(path, failure);
}

}  // namespace savp
