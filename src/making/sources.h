// What users have: video files, folders of frames, files of arrays, HDF5 files; and what
// belongs to them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace savp {

struct Source {
  enum Kind { kVideo, kArrays, kHdf5 } kind = kVideo;
  std::filesystem::path path;          // a file, or a folder of frames
  std::filesystem::path numbers = {};  // of a video: the file beside it that may hold its actions and states
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
//  - a file of arrays, or an HDF5 file, counts where it may hold frames and no pictures lie beside it;
//  - an .npz or .npy file without frames and a .csv file belong to the video (or folder of frames) of the
//  same
//    name; where that is the input itself, they lie beside it.
// Throws DataError where there is no such folder or file.
Sources find_sources(const std::filesystem::path& input);

// Whether find_sources() would find any, or damaged files; quicker. What is in a folder that may not be read
// nobody knows.
bool has_sources(const std::filesystem::path& input);

// Files that may hold the actions and states of a video (a file, or a folder of frames): those of its name,
// beside it, sorted. None where that folder may not be read.
std::vector<std::filesystem::path> files_beside(const std::filesystem::path& video);

}  // namespace savp
