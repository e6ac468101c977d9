// All that an evaluation has found about some videos, as numbers: what is kept of a part of it, and what
// tables and the summary are made from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/metric_table.h"

namespace savp {

// One row a video: the mean over its predicted frames, of each sample.
struct SampleTable {
  std::string metric;
  std::vector<std::vector<float>> rows;

  // "samples/psnr.csv"
  std::string file() const { return "samples/" + metric + ".csv"; }
  // As MetricTable::csv(): a header "sample_ind 0 1 ..", then one line a video.
  std::string csv() const;
};

// Features of one video and of the samples that were looked at.
struct VideoFeatureRow {
  std::vector<float> truth;
  std::vector<std::vector<float>> predicted;
};

struct VideoNumbers {
  std::vector<MetricTable> tables;     // by metric of frames, then by subtask
  std::vector<MetricTable> of_videos;  // of metrics of videos that have values
  std::vector<MetricTable> baseline;   // one a metric of frames, or none
  std::vector<SampleTable> samples;    // one a metric of frames
  // One row a video: the rank of the truth among the samples at each frame; empty where it was not found.
  std::vector<std::vector<float>> ranks;
  std::vector<std::string> truths;  // SHA-256 of the true frames' bytes, one a video
  std::vector<VideoFeatureRow> features;

  int64_t videos() const { return static_cast<int64_t>(truths.size()); }
  // Of further videos, measured in the same way.
  void append(const VideoNumbers& more);

  // As bytes of a file, and back. Throws DataError that names the file.
  std::string to_bytes() const;
  static VideoNumbers from_bytes(const std::string& bytes, const std::string& file);
};

// How often each rank, from 0 to `samples`, occurs.
std::vector<int64_t> rank_histogram(const std::vector<std::vector<float>>& ranks, int64_t samples);

}  // namespace savp
