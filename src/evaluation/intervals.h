// How sure a mean over videos is.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace savp {

// A number and, where there are two videos or more and all is finite, its interval of 95 %.
struct Interval {
  double value = 0;
  std::optional<double> low, high;
};

// The mean of one value a video, and between which values 95 % of the means of 1000 bootstrap samples of the
// videos lie. Which videos these are depends on their number alone: intervals of several metrics, and of
// paired differences, are of the same draws.
Interval mean_interval(const std::vector<double>& of_videos);

// The same of each column; one row a video, rows of equal length.
std::vector<Interval> mean_intervals(const std::vector<std::vector<float>>& rows);

// The mean of each row, in double precision.
std::vector<double> row_means(const std::vector<std::vector<float>>& rows);

}  // namespace savp
