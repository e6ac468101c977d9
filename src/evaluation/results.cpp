#include "evaluation/results.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <span>
#include <system_error>

#include "checkpoints/description_files.h"
#include "core/error.h"
#include "evaluation/kept_features.h"
#include "evaluation/pictures.h"
#include "evaluation/staged_folder.h"
#include "evaluation/summary.h"
#include "evaluation/video_results.h"
#include "io/atomic_file.h"
#include "io/gif.h"
#include "io/padded_number.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  SAVP_CHECK(!error, DataError, folder.string(), ": cannot be made (", error.message(), ")");
}

// PNGs have three equal channels for gray pictures.
void write_frame(const fs::path& folder, const std::string& name, const Picture& picture) {
  write_png(folder / (name + ".png"), with_channels(picture, 3));
}

// What a kind of results is called, how their names begin, and what tells them apart from the other kind's.
struct KindRules {
  const char *what, *prefix, *ending;
  const char* other = nullptr;  // a name that is its alone
};
constexpr char kSamplesFile[] = "samples.json";
const std::map<ResultKind, KindRules> kKinds = {
    {ResultKind::kEvaluation, {"an evaluation", "prediction_eval_", ".evaluation"}},
    {ResultKind::kFutures, {"futures", "gen_image_", ".futures", kGridsFolder}}};
constexpr const char* kOthers[] = {kSummaryFile,  kGridsFolder, kSamplesFile,
                                   kFeaturesFile, "samples",    "sequences"};

bool is_one_of(const std::string& name, std::span<const char* const> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

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
    return name.starts_with(prefix) || is_one_of(name, kDescriptionFiles) || is_one_of(name, kOthers);
  };
}

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
}

EvaluationWriter::~EvaluationWriter() = default;

void EvaluationWriter::add(const at::Tensor& context, const SampleStatistics& found) {
  if (layout_.pictures)
    write_pictures(staged_->staging(), numbers_.videos(), context, found, layout_.subtasks);
  numbers_.append(numbers_of(context, found, layout_.subtasks));
}

void EvaluationWriter::add(const VideoNumbers& numbers, const fs::path& pictures) {
  if (layout_.pictures) staged_->link(pictures);
  numbers_.append(numbers);
}

void EvaluationWriter::add_summary(const Json& summary) {
  write_file_atomically((staged_->staging() / kSummaryFile).string(), summary.dump(2) + "\n");
}

std::vector<MetricTable> EvaluationWriter::tables() const {
  auto tables = numbers_.tables;
  tables.insert(tables.end(), numbers_.of_videos.begin(), numbers_.of_videos.end());
  return tables;
}

void EvaluationWriter::commit() {
  const auto write = [&](const fs::path& file, const std::string& text) {
    make_folder((staged_->staging() / file).parent_path());
    write_file_atomically((staged_->staging() / file).string(), text);
  };
  const auto write_table = [&](const auto& table) {
    write(fs::path(table.task()) / "metrics" / (table.metric + ".csv"), table.csv());
  };
  for (const auto& table : tables()) write_table(table);
  for (const auto& result : sets_) write_table(result);
  for (const auto& table : numbers_.samples) write(table.file(), table.csv());
  if (!numbers_.features.empty()) write_features(staged_->staging(), numbers_.features);
  staged_->commit();
}

bool same_place(const fs::path& a, const fs::path& b) {
  return fs::weakly_canonical(fs::absolute(a)) == fs::weakly_canonical(fs::absolute(b));
}

void check_apart(const fs::path& results, const std::vector<std::optional<std::string>>& sources) {
  for (const auto& source : sources)
    SAVP_CHECK(!source || !same_place(results, *source), UsageError, results.string(),
               ": is what the results are made from: choose another folder for them");
}

PredictionWriter::PredictionWriter(PredictionLayout layout, const RunDescription& origin)
    : layout_(std::move(layout)) {
  std::vector<fs::path> places;  // of folders_
  const auto staged = [&](const fs::path& folder) {
    for (size_t i = 0; i < places.size(); ++i)
      if (same_place(places[i], folder)) return folders_[i].get();
    places.push_back(folder);
    folders_.push_back(std::make_unique<StagedFolder>(folder, is_result(ResultKind::kFutures)));
    write_description(folders_.back()->staging(), origin);
    return folders_.back().get();
  };
  gifs_ = staged(layout_.gif_folder);
  pngs_ = staged(layout_.png_folder);
  if (layout_.grids)
    grids_ =
        std::make_unique<FutureGrids>(staged(layout_.grid_folder)->staging() / kGridsFolder, *layout_.grids);
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
  write_gif(gifs_->staging() / (name + ".gif"), frames, layout_.fps, layout_.palette);
  for (size_t t = 0; t < future.size(); ++t)
    write_frame(pngs_->staging(), name + "_" + padded_number(static_cast<int64_t>(t), digits), future[t]);
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
      write_single("gen_image_" + padded_number(video, 5) + "_" + padded_number(number, 2),
                   contexts_[i % videos], futures[i]);
    if (grids_) grids_->add(video, futures[i]);
  }
  samples_ += static_cast<int64_t>(futures.size() / videos);
}

void PredictionWriter::commit() {
  if (grids_) grids_->finish();
  if (!record_.is_null())
    write_file_atomically((gifs_->staging() / kSamplesFile).string(), record_.dump(2) + "\n");
  for (const auto& folder : folders_) folder->commit();
}

}  // namespace savp
