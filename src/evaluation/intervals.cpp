#include "evaluation/intervals.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>

namespace savp {
namespace {

constexpr size_t kBootstraps = 1000;
constexpr double kOutside = 0.025;  // below and above

// How often each video is drawn in each bootstrap sample. std::uniform_int_distribution differs between
// libraries; the engine does not.
std::vector<std::vector<uint32_t>> draws(size_t videos) {
  std::mt19937_64 engine(videos);
  std::vector<std::vector<uint32_t>> counts(kBootstraps, std::vector<uint32_t>(videos));
  for (auto& sample : counts)
    for (size_t i = 0; i < videos; ++i) ++sample[engine() % videos];
  return counts;
}

// Between the two nearest of sorted values.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Interval interval(const std::vector<double>& values, const std::vector<std::vector<uint32_t>>& counts) {
  Interval found{mean(values), std::nullopt, std::nullopt};
  if (values.size() < 2 || !std::isfinite(found.value)) return found;
  std::vector<double> means;
  for (const auto& sample : counts) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += sample[i] * values[i];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  std::sort(means.begin(), means.end());
  found.low = quantile(means, kOutside);
  found.high = quantile(means, 1 - kOutside);
  return found;
}

}  // namespace

std::vector<double> row_means(const std::vector<std::vector<float>>& rows) {
  std::vector<double> means;
  for (const auto& row : rows)
    means.push_back(std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size()));
  return means;
}

Interval mean_interval(const std::vector<double>& of_videos) {
  return interval(of_videos, draws(of_videos.size()));
}

std::vector<Interval> mean_intervals(const std::vector<std::vector<float>>& rows) {
  std::vector<Interval> found;
  if (rows.empty()) return found;
  const auto counts = draws(rows.size());
  for (size_t column = 0; column < rows.front().size(); ++column) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[column]);
    found.push_back(interval(values, counts));
  }
  return found;
}

}  // namespace savp
