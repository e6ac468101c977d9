// Published data sets of videos: a list of files for each split, each file read into the records of
// its sequences.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "making/prepared_folder.h"

namespace savp {

struct VideoSplit {
  std::string name;                           // of its folder
  std::vector<std::filesystem::path> videos;  // in the order of their records
};

struct VideoSequences {
  std::vector<std::string> records;
  std::vector<int64_t> lengths;  // frames of each
};

struct VideoJobs {
  std::vector<VideoSplit> splits;
  std::filesystem::path root;  // videos are named relative to it in the manifest
  // Called on several threads; throws DataError where a video is damaged.
  std::function<VideoSequences(const std::filesystem::path& video, const std::string& split)> read;
  bool lengths_file = false;  // sequence_lengths.txt in each split
  bool skip_bad = false;      // a damaged video is left out and told of, instead of an error
  int64_t threads = 0;        // 0: one a core
};

// Writes the records of all splits; what the manifest says of them: counts, videos by split, videos left out.
Json write_videos(const VideoJobs& jobs, const PreparedFolder& folder);

// The train and val part of what is for training: 95 % and the rest, chosen pseudo-randomly.
std::pair<std::vector<std::filesystem::path>, std::vector<std::filesystem::path>> keep_for_validation(
    const std::vector<std::filesystem::path>& videos, uint64_t seed);

}  // namespace savp
