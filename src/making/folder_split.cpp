#include "making/folder_split.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "records/split_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// The names on the way from the input to a source, the source's own without its ending last.
std::vector<std::string> names_below(const Source& source, const fs::path& input) {
  std::vector<std::string> names;
  const auto relative = source.path.lexically_relative(input);
  for (const auto& part : relative) names.push_back(part.string());
  if (!names.empty() && !fs::is_directory(source.path)) names.back() = relative.stem().string();
  return names;
}

// Where the folders that divide the sources lie: so many names below the input.
struct Level {
  size_t depth = 0;
  std::map<int, std::set<std::string>> folders;  // of each split, relative to the input
  std::vector<std::optional<int>> splits;        // of each source
};

std::string path_of(const std::vector<std::string>& names, size_t depth) {
  fs::path path;
  for (size_t i = 0; i <= depth; ++i) path /= names[i];
  return path.string();
}

// Whether the names at this depth count: folders always, the sources' own names only together.
Level level_at(size_t depth, const std::vector<std::vector<std::string>>& names, bool own_names) {
  Level level{.depth = depth};
  for (const auto& path : names) {
    const bool counts = path.size() > depth + (own_names ? 0 : 1);
    const auto split = counts ? split_named(path[depth]) : std::nullopt;
    level.splits.push_back(split);
    if (split) level.folders[*split].insert(path_of(path, depth));
  }
  return level;
}

bool divides(const Level& level) { return level.folders.count(0) > 0 && level.folders.size() > 1; }

std::optional<Level> find_level(const std::vector<std::vector<std::string>>& names) {
  size_t deepest = 0;
  for (const auto& path : names) deepest = std::max(deepest, path.size());
  for (size_t depth = 0; depth < deepest; ++depth) {
    if (auto with_own = level_at(depth, names, /*own_names=*/true); divides(with_own)) return with_own;
    if (auto folders = level_at(depth, names, /*own_names=*/false); !folders.folders.empty()) return folders;
  }
  return std::nullopt;
}

std::vector<std::string> all_folders(const Level& level) {
  std::vector<std::string> all;
  for (const auto& [split, folders] : level.folders) all.insert(all.end(), folders.begin(), folders.end());
  return all;
}

// "train and Training" in one folder.
void check_spellings(const Level& level, const fs::path& input) {
  for (const auto& [split, folders] : level.folders) {
    std::map<fs::path, std::string> by_parent;
    for (const auto& folder : folders) {
      const auto [known, is_new] = by_parent.emplace(fs::path(folder).parent_path(), folder);
      SAVP_CHECK(is_new, DataError, input.string(), ": both ", known->second, " and ", folder, " are for ",
                 kSplitNames[static_cast<size_t>(split)], ": put what belongs together into one folder");
    }
  }
}

void check_strays(const Level& level, const std::vector<Source>& sources, const fs::path& input) {
  const auto stray = std::find(level.splits.begin(), level.splits.end(), std::nullopt);
  if (stray == level.splits.end() || divides(level)) return;
  const auto& path = sources[static_cast<size_t>(stray - level.splits.begin())].path;
  throw DataError(concat(input.string(), ": the folder ", join_words(all_folders(level)),
                         " looks like one of train, val and test, but ",
                         path.lexically_relative(input).string(),
                         " lies beside it: put all into folders train, val and test, or rename it"));
}

fs::path normal(const fs::path& path) {
  const auto whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

}  // namespace

std::optional<FolderSplit> split_by_folder(const std::vector<Source>& sources, const fs::path& input) {
  std::vector<std::vector<std::string>> names;
  for (const auto& source : sources) names.push_back(names_below(source, input));
  if (auto level = find_level(names)) {
    check_spellings(*level, input);
    check_strays(*level, sources, input);
    return FolderSplit{std::move(level->splits)};
  }
  if (const auto all = split_named(normal(input).filename().string()))
    return FolderSplit{std::vector<std::optional<int>>(sources.size(), *all)};
  return std::nullopt;
}

}  // namespace savp
