#include "datasets/sources.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <string>
#include <string_view>

#include "datasets/video_split.h"
#include "savp/core/error.h"
#include "savp/io/array_file.h"
#include "savp/io/image.h"
#include "savp/io/video.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr std::array kVideoEndings = {".avi", ".flv",  ".gif", ".m4v", ".mkv", ".mov", ".mp4",
                                      ".mpg", ".mpeg", ".ogv", ".ts",  ".wmv", ".webm"};

bool is_video_name(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kVideoEndings.begin(), kVideoEndings.end(), std::string_view(ending)) !=
         kVideoEndings.end();
}

// Hidden files and folders are left alone.
std::vector<fs::directory_entry> sorted_entries(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().filename().string().front() != '.') entries.push_back(*entry);
  SAVP_CHECK(!failure, DataError, folder.string(), ": cannot be read (", failure.message(), ")");
  for (const auto& entry : entries) {  // where a folder may be listed, but not entered
    entry.status(failure);
    SAVP_CHECK(failure != std::errc::permission_denied, DataError, entry.path().string(),
               ": cannot be read (", failure.message(), ")");
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// What the body complains of is noted, and the search goes on.
void noting_damage(const fs::path& path, Sources& sources, const std::function<void()>& body) {
  try {
    body();
  } catch (const DataError& error) {
    sources.damaged.push_back({path, error.what()});
  }
}

bool is_empty_file(const fs::path& path) {
  std::error_code failure;
  return fs::file_size(path, failure) == 0;
}

void sort_file(const fs::path& path, Sources& sources) {
  if (is_array_name(path)) return sources.found.push_back({Source::kArrays, path});
  noting_damage(path, sources, [&] {
    if (is_video_file(path)) return sources.found.push_back({Source::kVideo, path});
    if (!is_video_name(path)) return sources.others.push_back(path);
    throw DataError(concat(path.string(), is_empty_file(path) ? ": is an empty file, not a video"
                                                              : ": is not a video, or a damaged one"));
  });
}

// A folder of pictures is one video, unless there are videos or arrays beside them. Links to folders are not
// followed: they may lead round in circles. `enough` ends the search early.
void search(const fs::path& folder, Sources& sources, const std::function<bool()>& enough) {
  std::vector<fs::path> pictures;
  const size_t before = sources.found.size();
  std::vector<fs::directory_entry> entries;
  noting_damage(folder, sources, [&] { entries = sorted_entries(folder); });
  for (const auto& entry : entries) {
    if (entry.is_directory() || enough()) continue;
    if (entry.is_regular_file() && is_picture_name(entry.path()))
      pictures.push_back(entry.path());
    else
      sort_file(entry.path(), sources);
  }
  if (!pictures.empty() && sources.found.size() == before)
    sources.found.push_back({Source::kVideo, folder});
  else
    sources.others.insert(sources.others.end(), pictures.begin(), pictures.end());
  for (const auto& entry : entries)
    if (entry.is_directory() && !entry.is_symlink() && !enough()) search(entry.path(), sources, enough);
}

Sources search(const fs::path& input, const std::function<bool(const Sources&)>& enough) {
  SAVP_CHECK(fs::exists(input), DataError, input.string(), ": there is no such folder");
  Sources sources;
  if (fs::is_directory(input))
    search(input, sources, [&] { return enough(sources); });
  else
    sort_file(input, sources);
  return sources;
}

std::optional<int> split_named(const fs::path& folder) {
  for (size_t i = 0; i < kSplitNames.size(); ++i)
    if (folder == kSplitNames[i]) return static_cast<int>(i);
  return std::nullopt;
}

}  // namespace

Sources find_sources(const fs::path& input) {
  return search(input, [](const Sources&) { return false; });
}

bool has_sources(const fs::path& input) {
  const auto is_file = [](const DamagedSource& source) {
    std::error_code failure;
    return !fs::is_directory(source.path, failure);
  };
  const auto any = [&](const Sources& sources) {
    return !sources.found.empty() || std::any_of(sources.damaged.begin(), sources.damaged.end(), is_file);
  };
  return any(search(input, any));
}

std::optional<std::vector<int>> split_by_folder(const std::vector<Source>& sources, const fs::path& input) {
  const auto folder = fs::absolute(input).lexically_normal();
  if (const auto all =
          split_named(folder.has_filename() ? folder.filename() : folder.parent_path().filename()))
    return std::vector<int>(sources.size(), *all);
  std::vector<int> splits;
  for (const auto& source : sources) {
    const auto split = split_named(*source.path.lexically_relative(input).begin());
    if (!split) return std::nullopt;
    splits.push_back(*split);
  }
  return splits;
}

}  // namespace savp
