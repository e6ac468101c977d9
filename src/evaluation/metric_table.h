// The numbers of one task ("psnr, best of the samples"): as a csv file and as the printed table.
#pragma once

#include <string>
#include <vector>

namespace savp {

// The shortest text that gives the same number back, as NumPy writes it: "0.0", "21.140789", "1e-05",
// "inf", "nan".
std::string shortest_text(float value);

struct MetricTable {
  std::string metric;                         // "psnr"
  std::string subtask;                        // "max": which of the samples
  bool is_best = false;                       // whether that is the best of them
  int decimals = 4;                           // when printed
  std::vector<std::vector<float>> rows = {};  // one a video: the value at each predicted frame

  // "prediction_eval_psnr_max"
  std::string task() const;

  // Tabs between columns, lines end in CR LF: a header "sample_ind 0 1 .. mean", then one line a video.
  std::string csv() const;

  // Mean and standard deviation over the videos, by time step and over all.
  std::string text() const;
};

// For tables in the order of their metrics: the text of each metric's best samples where they were asked for,
// else of what there is first; at the end one line a metric with the means of all subtasks, the best of them
// marked, and, where given, those of `repeat`, the baseline that repeats the last context frame.
std::string closing_text(const std::vector<MetricTable>& tables, const std::vector<MetricTable>& repeat = {});

}  // namespace savp
