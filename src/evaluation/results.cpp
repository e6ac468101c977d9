#include "evaluation/results.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "core/error.h"
#include "evaluation/pictures.h"
#include "evaluation/staged_folder.h"
#include "io/atomic_file.h"
#include "io/gif.h"

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

// What a kind of results is called, how their names begin, and what tells them apart from the other kind's.
struct KindRules {
  const char *what, *prefix, *ending;
  const char* other = nullptr;  // a name that is its alone
};
constexpr char kGridsFolder[] = "grids", kSamplesFile[] = "samples.json";
const std::map<ResultKind, KindRules> kKinds = {
    {ResultKind::kEvaluation, {"an evaluation", "prediction_eval_", ".evaluation"}},
    {ResultKind::kFutures, {"futures", "gen_image_", ".futures", kGridsFolder}}};
constexpr const char* kDescriptions[] = {"options.json", "dataset_hparams.json", "model_hparams.json",
                                         kGridsFolder, kSamplesFile};

// What of another kind is in a folder; empty where nothing is.
std::string taken_by(const fs::path& folder, ResultKind kind) {
  if (!saved_steps(folder).empty()) return "a run and its checkpoints";
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    for (const auto& [other, rules] : kKinds)
      if (const auto name = entry.path().filename().string();
          other != kind &&
          (name.starts_with(rules.prefix) || (rules.other != nullptr && name == rules.other)))
        return rules.what;
  return "";
}

IsResult is_result(ResultKind kind) {
  return [prefix = kKinds.at(kind).prefix](const std::string& name) {
    return name.starts_with(prefix) ||
           std::find(std::begin(kDescriptions), std::end(kDescriptions), name) != std::end(kDescriptions);
  };
}

Subtask best_subtask(const Metric& metric) { return metric.higher_is_better ? Subtask::kMax : Subtask::kMin; }

}  // namespace

fs::path results_folder(ResultKind kind, const std::optional<std::string>& exact, const fs::path& parent,
                        const std::string& name) {
  const auto& rules = kKinds.at(kind);
  if (exact) {
    const auto taken = taken_by(*exact, kind);
    SAVP_CHECK(taken.empty(), UsageError, *exact, ": holds ", taken, ", of which ", rules.what,
               " would overwrite files: choose another folder");
    return *exact;
  }
  const auto folder = parent / name;
  return taken_by(folder, kind).empty() ? folder : parent / (name + rules.ending);
}

EvaluationWriter::EvaluationWriter(EvaluationLayout layout, const RunDescription& origin)
    : layout_(std::move(layout)),
      staged_(std::make_unique<StagedFolder>(layout_.folder, is_result(ResultKind::kEvaluation))) {
  write_description(staged_->staging(), origin);
  for (const Metric& metric : layout_.metrics->per_frame)
    for (const Subtask subtask : layout_.subtasks)
      tables_.push_back({metric.name, enum_name(subtask), subtask == best_subtask(metric), metric.decimals});
}

EvaluationWriter::~EvaluationWriter() = default;

void EvaluationWriter::add_baseline(const SampleStatistics& found) {
  const auto rows = found.summary();
  if (baseline_.empty())
    for (const auto& row : rows)
      baseline_.push_back(
          {row.metric->name, enum_name(Subtask::kAvg), /*is_best=*/false, row.metric->decimals});
  for (size_t i = 0; i < rows.size(); ++i) add_rows(baseline_[i], rows[i].avg.values);
}

void EvaluationWriter::add(const at::Tensor& context, const SampleStatistics& found) {
  const auto context_pictures = to_pictures(context);
  auto table = tables_.begin();
  for (const auto& row : found.summary()) {
    for (const Subtask subtask : layout_.subtasks) {
      add_rows(*table, row[subtask].values);
      const auto task = staged_->staging() / (table++)->task();
      if (!layout_.pictures) continue;
      const auto predicted = to_pictures(row[subtask].images);
      for (size_t video = 0; video < predicted.size(); ++video) {
        const auto number = concat("_", padded(videos_ + static_cast<int64_t>(video), 5));
        write_frames(task / "inputs", "context_image" + number, context_pictures[video]);
        write_frames(task / "outputs", "gen_image" + number, predicted[video]);
      }
    }
  }
  const auto of_videos = found.of_videos();
  if (of_videos_.empty())
    for (const auto& row : of_videos)
      of_videos_.push_back(
          {row.metric->name, enum_name(Subtask::kAvg), /*is_best=*/false, row.metric->decimals});
  for (size_t i = 0; i < of_videos.size(); ++i) add_rows(of_videos_[i], of_videos[i].values);
  videos_ += context.size(1);
}

std::vector<MetricTable> EvaluationWriter::tables() const {
  auto tables = tables_;
  tables.insert(tables.end(), of_videos_.begin(), of_videos_.end());
  return tables;
}

void EvaluationWriter::commit() {
  const auto write = [&](const auto& table) {
    const auto folder = staged_->staging() / table.task() / "metrics";
    make_folder(folder);
    write_file_atomically((folder / (table.metric + ".csv")).string(), table.csv());
  };
  for (const auto& table : tables()) write(table);
  for (const auto& result : sets_) write(result);
  staged_->commit();
}

PredictionWriter::PredictionWriter(PredictionLayout layout, const RunDescription& origin)
    : layout_(std::move(layout)) {
  const auto is_ours = is_result(ResultKind::kFutures);
  gifs_ = std::make_unique<StagedFolder>(layout_.gif_folder, is_ours);
  write_description(gifs_->staging(), origin);
  if (layout_.grids) grids_ = std::make_unique<FutureGrids>(gifs_->staging() / kGridsFolder, *layout_.grids);
  if (fs::weakly_canonical(fs::absolute(layout_.gif_folder)) ==
      fs::weakly_canonical(fs::absolute(layout_.png_folder)))
    return;
  pngs_ = std::make_unique<StagedFolder>(layout_.png_folder, is_ours);
  write_description(pngs_->staging(), origin);
}

PredictionWriter::~PredictionWriter() = default;

void PredictionWriter::begin(const at::Tensor& context, const at::Tensor& truth) {
  contexts_ = to_pictures(context);
  samples_ = 0;
  if (grids_) {
    grids_->write();
    auto truths = truth.defined() ? to_pictures(truth) : std::vector<std::vector<Picture>>(contexts_.size());
    for (size_t i = 0; i < contexts_.size(); ++i)
      grids_->begin(videos_ + static_cast<int64_t>(i), contexts_[i], std::move(truths[i]));
  }
  videos_ += context.size(1);
}

void PredictionWriter::write_single(const std::string& name, std::vector<Picture> frames,
                                    const std::vector<Picture>& future) {
  const size_t digits = std::max<size_t>(2, std::to_string(future.size() - 1).size());
  frames.insert(frames.end(), future.begin(), future.end());
  if (layout_.gif_length) frames.resize(std::min<size_t>(frames.size(), *layout_.gif_length));
  write_gif(gifs_->staging() / (name + ".gif"), frames, layout_.fps);
  for (size_t t = 0; t < future.size(); ++t)
    write_frame((pngs_ ? pngs_ : gifs_)->staging(), name + "_" + padded(static_cast<int64_t>(t), digits),
                future[t]);
}

void PredictionWriter::add(const at::Tensor& future) {
  const auto futures = to_pictures(future);
  const auto videos = contexts_.size();
  const auto first = videos_ - static_cast<int64_t>(videos);
  for (size_t i = 0; i < futures.size(); ++i) {
    const auto sample = samples_ + static_cast<int64_t>(i / videos),
               video = first + static_cast<int64_t>(i % videos);
    const auto number = layout_.first_sample + sample;
    if (layout_.single_files)
      write_single("gen_image_" + padded(video, 5) + "_" + padded(number, 2), contexts_[i % videos],
                   futures[i]);
    if (grids_) grids_->add(video, futures[i]);
  }
  samples_ += static_cast<int64_t>(futures.size() / videos);
}

void PredictionWriter::commit() {
  if (grids_) grids_->finish();
  if (!record_.is_null())
    write_file_atomically((gifs_->staging() / kSamplesFile).string(), record_.dump(2) + "\n");
  gifs_->commit();
  if (pngs_) pngs_->commit();
}

}  // namespace savp
