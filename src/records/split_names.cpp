#include "records/split_names.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/text.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr std::pair<std::string_view, int> kSpellings[] = {
    {"train", 0}, {"training", 0}, {"val", 1},     {"valid", 1}, {"validation", 1},
    {"dev", 1},   {"test", 2},     {"testing", 2}, {"eval", 2},
};

}  // namespace

std::optional<int> split_named(const std::string& name) {
  const auto lower = lower_case(name);
  for (const auto& [spelling, split] : kSpellings)
    if (lower == spelling) return split;
  return std::nullopt;
}

std::optional<fs::path> split_folder(const fs::path& folder, const std::string& mode) {
  std::optional<fs::path> found;
  std::error_code failure;
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    paths.push_back(entry->path());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    if (split_named(path.filename().string()) != split_named(mode) || !fs::is_directory(path, failure))
      continue;
    SAVP_CHECK(!found, DataError, folder.string(), ": both ", found->filename().string(), " and ",
               path.filename().string(), " are for ", mode, ": put what belongs together into one folder");
    found = path;
  }
  return found;
}

}  // namespace savp
