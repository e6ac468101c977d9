// What users have: video files, folders of frames, files of arrays.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace savp {

struct Source {
  enum Kind { kVideo, kArrays } kind = kVideo;
  std::filesystem::path path;  // a file, or a folder of frames
};

// What should hold a video, but does not or may not be read.
struct DamagedSource {
  std::filesystem::path path;  // a file, or a folder
  std::string complaint;       // what is wrong, with the path
};

struct Sources {
  std::vector<Source> found;  // sorted by path
  std::vector<DamagedSource> damaged;
  std::vector<std::filesystem::path> others;  // files that have nothing to do with it
};

// Searches a folder and those below it, or takes the one file given. Throws DataError where there is no such
// folder or file.
Sources find_sources(const std::filesystem::path& input);

// Whether find_sources() would find any, or damaged files; quicker. What is in a folder that may not be read
// nobody knows.
bool has_sources(const std::filesystem::path& input);

// The split (index into kSplitNames) that the folders say: all sources lie in folders train, val or test of
// the input, or the input is such a folder itself. Nothing where they say nothing.
std::optional<std::vector<int>> split_by_folder(const std::vector<Source>& sources,
                                                const std::filesystem::path& input);

}  // namespace savp
