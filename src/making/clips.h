// From a user's video, folder of frames or file of arrays to the records of its clips.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/video.h"
#include "making/array_clips.h"
#include "making/sources.h"

namespace savp {

struct ClipOptions {
  VideoOptions video;  // of files and folders; arrays are taken as they are
  ArrayOptions arrays = {};
  int64_t clip_length, min_length = 2;  // frames
  int64_t largest_side = 0;             // of a video kept in its size, pixels; 0: any
  bool skip_bad = false;                // a damaged source is refused, instead of an error
};

// What became of a source: clips in a file of their own, or a reason why there are none.
struct ReadSource {
  int64_t frames = 0;
  std::vector<int64_t> clips;  // lengths, frames
  std::string content;         // "48x64x3, 4 actions a step": must be the same for all sources
  int64_t height = 0, width = 0, channels = 0;
  std::vector<int64_t> scenes;  // clips of each: a video is one, an array of sequences holds several
  std::vector<int> splits;      // of each scene (index into kSplitNames), where the source itself tells it
  std::string refusal;
  bool damaged = false;  // what it was refused for
};

// The clips go to `target`, of which nothing is left where the source is refused. Videos are cut into clips;
// each sequence of arrays is a clip. Throws DataError for a damaged source unless skip_bad.
ReadSource read_clips(const Source& source, const ClipOptions& options, const std::filesystem::path& target);

// Throws DataError unless what is at a place is like what another one holds ("48x64x3, 4 actions").
void check_alike(const std::string& place, const std::string& content, const std::string& other_place,
                 const std::string& other);

}  // namespace savp
