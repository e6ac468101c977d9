#include "savp/evaluation/results.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <system_error>

#include "savp/core/error.h"
#include "savp/evaluation/pictures.h"
#include "savp/io/atomic_file.h"
#include "savp/io/gif.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  SAVP_CHECK(!error, DataError, folder.string(), ": cannot be made (", error.message(), ")");
}

std::string padded(int64_t number, size_t digits) {
  const auto text = std::to_string(number);
  return std::string(text.size() < digits ? digits - text.size() : 0, '0') + text;
}

// PNGs have three equal channels for gray pictures.
void write_frame(const fs::path& folder, const std::string& name, const Picture& picture) {
  write_png(folder / (name + ".png"), with_channels(picture, 3));
}

void write_frames(const fs::path& folder, const std::string& prefix, const std::vector<Picture>& frames) {
  for (size_t t = 0; t < frames.size(); ++t)
    write_frame(folder, prefix + "_" + padded(static_cast<int64_t>(t), 2), frames[t]);
}

// Values [F, B]: a row for each video.
void add_rows(MetricTable& table, const at::Tensor& values) {
  const auto by_video = values.t().to(at::kFloat).cpu().contiguous();
  for (int64_t video = 0; video < by_video.size(0); ++video) {
    const auto* first = by_video.const_data_ptr<float>() + video * by_video.size(1);
    table.rows.emplace_back(first, first + by_video.size(1));
  }
}

Subtask best_subtask(const Metric& metric) { return metric.higher_is_better ? Subtask::kMax : Subtask::kMin; }

}  // namespace

StagedFolder::StagedFolder(fs::path folder) : folder_(std::move(folder)), staging_(folder_ / ".unfinished") {
  std::error_code ignored;
  fs::remove_all(staging_, ignored);  // of a run that was killed
  make_folder(staging_);
}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
}

void StagedFolder::commit() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(staging_)) {
    const auto target = folder_ / entry.path().filename();
    fs::remove_all(target, error);
    if (!error) fs::rename(entry.path(), target, error);
    SAVP_CHECK(!error, DataError, target.string(), ": cannot be replaced (", error.message(), ")");
  }
}

EvaluationWriter::EvaluationWriter(EvaluationLayout layout, const RunDescription& origin)
    : layout_(std::move(layout)), staged_(layout_.folder) {
  write_description(staged_.staging(), origin);
  for (const Metric& metric : metrics())
    for (const Subtask subtask : layout_.subtasks)
      tables_.push_back({metric.name, enum_name(subtask), subtask == best_subtask(metric), metric.decimals});
}

void EvaluationWriter::add(const at::Tensor& context, const SampleStatistics& found) {
  const auto context_pictures = to_pictures(context);
  auto table = tables_.begin();
  for (const auto& row : found.summary()) {
    for (const Subtask subtask : layout_.subtasks) {
      add_rows(*table, row[subtask].values);
      const auto task = staged_.staging() / (table++)->task();
      if (!layout_.pictures) continue;
      const auto predicted = to_pictures(row[subtask].images);
      for (size_t video = 0; video < predicted.size(); ++video) {
        const auto number = concat("_", padded(videos_ + static_cast<int64_t>(video), 5));
        write_frames(task / "inputs", "context_image" + number, context_pictures[video]);
        write_frames(task / "outputs", "gen_image" + number, predicted[video]);
      }
    }
  }
  if (const auto diversity = found.diversity(); diversity.defined()) add_rows(diversity_, diversity);
  videos_ += context.size(1);
}

std::vector<MetricTable> EvaluationWriter::tables() const {
  auto tables = tables_;
  if (!diversity_.rows.empty()) tables.push_back(diversity_);
  return tables;
}

void EvaluationWriter::commit() {
  for (const auto& table : tables()) {
    const auto folder = staged_.staging() / table.task() / "metrics";
    make_folder(folder);
    write_file_atomically((folder / (table.metric + ".csv")).string(), table.csv());
  }
  staged_.commit();
}

PredictionWriter::PredictionWriter(PredictionLayout layout, const RunDescription& origin)
    : layout_(std::move(layout)) {
  for (const auto& folder : {layout_.gif_folder, layout_.png_folder}) {
    make_folder(folder);
    write_description(folder, origin);
  }
}

void PredictionWriter::add(const at::Tensor& context, const at::Tensor& future) {
  const auto context_pictures = to_pictures(context);
  const auto futures = to_pictures(future);
  const size_t digits = std::max<size_t>(2, std::to_string(future.size(0) - 1).size());
  const auto videos = context_pictures.size();
  for (size_t i = 0; i < futures.size(); ++i) {
    const auto sample = static_cast<int64_t>(i / videos), video = videos_ + static_cast<int64_t>(i % videos);
    const auto name = "gen_image_" + padded(video, 5) + "_" + padded(sample, 2);
    auto frames = context_pictures[i % videos];
    frames.insert(frames.end(), futures[i].begin(), futures[i].end());
    if (layout_.gif_length) frames.resize(std::min<size_t>(frames.size(), *layout_.gif_length));
    write_gif(layout_.gif_folder / (name + ".gif"), frames, layout_.fps);
    for (size_t t = 0; t < futures[i].size(); ++t)
      write_frame(layout_.png_folder, name + "_" + padded(static_cast<int64_t>(t), digits), futures[i][t]);
  }
  videos_ += context.size(1);
}

}  // namespace savp
