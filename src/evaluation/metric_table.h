// The numbers of one task ("psnr, best of the samples"), or of a metric of whole sets of videos: as a csv
// file and as the printed table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/intervals.h"

namespace savp {

// The shortest text that gives the same number back, as NumPy writes it: "0.0", "21.140789", "1e-05",
// "inf", "nan".
std::string shortest_text(float value);

struct MetricTable {
  std::string metric;                         // "psnr"
  std::string subtask;                        // "max": which of the samples; empty: all together
  bool is_best = false;                       // whether that is the best of them
  int decimals = 4;                           // when printed
  std::vector<std::vector<float>> rows = {};  // one a video: the value at each predicted frame

  // What csv() wrote into .../prediction_eval_METRIC_SUBTASK/metrics/METRIC.csv. Throws DataError with the
  // file and the line for anything else.
  static MetricTable read(const std::filesystem::path& file);

  // "prediction_eval_psnr_max"; of all samples together "prediction_eval_diversity"
  std::string task() const;
  // "psnr max", "diversity"
  std::string label() const;
  // Mean over videos and frames.
  Interval mean() const;

  // Tabs between columns, lines end in CR LF: a header "sample_ind 0 1 .. mean", then one line a video.
  std::string csv() const;

  // Mean and standard deviation over the videos, by time step and over all.
  std::string text() const;
};

// One number of all videos.
struct SetResult {
  std::string metric;                      // "fvd"
  double value = 0, low = 0, high = 0;     // the interval is one of 95 %
  std::optional<Interval> unbounded = {};  // what it tends to with the number of videos
  int64_t videos = 0, samples = 0;         // samples: futures of each video
  int64_t context_frames = 0, frames = 0;  // context: that were looked at with the predicted frames
  int decimals = 2;                        // when printed

  // As MetricTable::read does, of what csv() wrote into .../prediction_eval_METRIC_set/metrics/METRIC.csv.
  static SetResult read(const std::filesystem::path& file);

  // "prediction_eval_fvd_set"
  std::string task() const;

  // Tabs between columns, lines end in CR LF: a header of the names above, then one line.
  std::string csv() const;
};

// One line of the closing table, "psnr max  21.1408  [20.9012, 21.3804]"; `rest` follows.
std::string closing_line(const std::string& label, const Interval& value, int decimals,
                         const std::string& rest = "");

// For tables in the order of their metrics: the text of each metric's best samples where they were asked for,
// else of what there is first; at the end a line each with mean and interval, the best of the samples marked,
// and, where given, that of `repeat`, the baseline that repeats the last context frame.
std::string closing_text(const std::vector<MetricTable>& tables, const std::vector<MetricTable>& repeat = {},
                         const std::vector<SetResult>& sets = {});

}  // namespace savp
