// What users have: video files, folders of frames, files of arrays.
#pragma once

#include <filesystem>
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
  std::vector<Source> found;  // by name, those of a folder before those of the folders in it
  std::vector<DamagedSource> damaged;
  std::vector<std::filesystem::path> others;  // files that have nothing to do with it
  std::vector<std::string> passed_over;       // pipes, devices, links that lead round in circles: a line each
};

// Searches a folder and those below it, links followed, or takes the one file given:
//  - a folder of pictures is one video, unless there are videos beside them;
//  - a file named like a video is one, or damaged; any other only where its content leaves no doubt;
//  - a file of arrays counts where it may hold frames and no pictures lie beside it.
// Throws DataError where there is no such folder or file.
Sources find_sources(const std::filesystem::path& input);

// Whether find_sources() would find any, or damaged files; quicker. What is in a folder that may not be read
// nobody knows.
bool has_sources(const std::filesystem::path& input);

}  // namespace savp
