#include "evaluation/video_results.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "evaluation/pictures.h"
#include "io/padded_number.h"
#include "io/sha256.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

// PNGs have three equal channels for gray pictures.
void write_frames(const fs::path& folder, const std::string& prefix, const std::vector<Picture>& frames) {
  for (size_t t = 0; t < frames.size(); ++t)
    write_png(folder / concat(prefix, "_", padded_number(static_cast<int64_t>(t), 2), ".png"),
              with_channels(frames[t], 3));
}

// Frames side by side.
Picture strip(const std::vector<Picture>& frames) {
  const auto& first = frames.at(0);
  const auto row = static_cast<size_t>(first.width * first.channels);
  Picture all{first.height, first.width * static_cast<int64_t>(frames.size()), first.channels, {}};
  for (size_t y = 0; y < static_cast<size_t>(first.height); ++y)
    for (const auto& frame : frames) {
      const auto begin = frame.pixels.begin() + static_cast<std::ptrdiff_t>(y * row);
      all.pixels.insert(all.pixels.end(), begin, begin + static_cast<std::ptrdiff_t>(row));
    }
  return all;
}

// Of each of the videos, [T, B, C, H, W], a file "<begin>SSSSS<end>.png".
void write_strips(const fs::path& folder, const std::string& begin, const std::string& end,
                  int64_t first_video, const Tensor& videos) {
  const auto pictures = to_pictures(videos);
  for (size_t video = 0; video < pictures.size(); ++video)
    write_png(
        folder / concat(begin, padded_number(first_video + static_cast<int64_t>(video), 5), end, ".png"),
        strip(pictures[video]));
}

// [B, N] on any device, one row a video.
std::vector<std::vector<float>> rows_of(const Tensor& by_video) {
  const auto values = by_video.to(at::kFloat).cpu().contiguous();
  std::vector<std::vector<float>> rows;
  for (int64_t video = 0; video < values.size(0); ++video) {
    const auto* first = values.const_data_ptr<float>() + video * values.size(1);
    rows.emplace_back(first, first + values.size(1));
  }
  return rows;
}

// Of a metric of frames; `subtask` is a name in file names.
MetricTable table_of(const MetricSummary& row, Subtask subtask, bool is_best) {
  return {row.metric->name, enum_name(subtask), is_best, row.metric->decimals,
          rows_of(row[subtask].values.t())};
}

Tensor tensor_of(const std::vector<float>& values) { return at::tensor(values, at::kFloat); }

}  // namespace

Subtask best_subtask(const Metric& metric) { return metric.higher_is_better ? Subtask::kMax : Subtask::kMin; }

std::vector<std::string> truth_digests(const Tensor& videos) {
  std::vector<std::string> found;
  for (const auto& frames : to_pictures(videos)) {
    Sha256 digest;
    for (const auto& frame : frames) digest.add(frame.pixels.data(), frame.pixels.size());
    found.push_back(digest.hexadecimal());
  }
  return found;
}

VideoNumbers numbers_of(const Tensor& context, const SampleStatistics& found,
                        const std::vector<Subtask>& subtasks) {
  VideoNumbers numbers;
  for (const auto& row : found.summary()) {
    for (const auto subtask : subtasks)
      numbers.tables.push_back(table_of(row, subtask, subtask == best_subtask(*row.metric)));
    numbers.samples.push_back({row.metric->name, rows_of(row.samples.t())});
  }
  for (const auto& row : found.of_videos()) {
    numbers.of_videos.push_back(
        {row.metric->name, "", /*is_best=*/false, row.metric->decimals, rows_of(row.values.t())});
    if (row.ranks.defined()) numbers.ranks = rows_of(row.ranks.t());
  }
  numbers.truths = truth_digests(at::cat({context, found.truth()}));
  return numbers;
}

std::vector<MetricTable> baseline_of(const SampleStatistics& found) {
  std::vector<MetricTable> tables;
  for (const auto& row : found.summary()) tables.push_back(table_of(row, Subtask::kAvg, /*is_best=*/false));
  return tables;
}

void write_pictures(const fs::path& folder, int64_t first_video, const Tensor& context,
                    const SampleStatistics& found, const std::vector<Subtask>& subtasks) {
  const auto inputs = to_pictures(context);
  for (const auto& row : found.summary())
    for (const auto subtask : subtasks) {
      const auto task = folder / table_of(row, subtask, false).task();
      const auto predicted = to_pictures(row[subtask].images);
      for (size_t video = 0; video < predicted.size(); ++video) {
        const auto number = concat("_", padded_number(first_video + static_cast<int64_t>(video), 5));
        write_frames(task / "inputs", "context_image" + number, inputs[video]);
        write_frames(task / "outputs", "gen_image" + number, predicted[video]);
      }
    }
  for (const auto& row : found.of_videos())  // of all samples, which have no outputs of their own
    for (size_t video = 0; video < inputs.size(); ++video)
      write_frames(folder / MetricTable{.metric = row.metric->name, .subtask = ""}.task() / "inputs",
                   "context_image_" + padded_number(first_video + static_cast<int64_t>(video), 5),
                   inputs[video]);
  write_strips(folder / "sequences", "truth_", "", first_video, at::cat({context, found.truth()}));
  for (size_t sample = 0; sample < found.shown().size(); ++sample)
    write_strips(folder / "sequences", "sample_", concat("_", padded_number(static_cast<int64_t>(sample), 2)),
                 first_video, found.shown()[sample]);
}

std::vector<VideoFeatureRow> feature_rows(const FeatureSets& sets) {
  const auto truth = rows_of(sets.truth);
  std::vector<VideoFeatureRow> rows;
  for (size_t video = 0; video < truth.size(); ++video)
    rows.push_back({truth[video], rows_of(sets.predicted[static_cast<int64_t>(video)])});
  return rows;
}

FeatureSets feature_sets(const std::vector<VideoFeatureRow>& rows) {
  std::vector<Tensor> truth, predicted;
  for (const auto& row : rows) {
    truth.push_back(tensor_of(row.truth));
    std::vector<Tensor> samples;
    for (const auto& sample : row.predicted) samples.push_back(tensor_of(sample));
    predicted.push_back(at::stack(samples));
  }
  return {at::stack(truth), at::stack(predicted)};
}

}  // namespace savp
