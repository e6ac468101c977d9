// What the tools leave behind, laid out and named as by the published programs. Beside it lie options.json,
// dataset_hparams.json and model_hparams.json, which tell how it was made.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/run_dir.h"
#include "evaluation/future_grids.h"
#include "evaluation/metric_table.h"
#include "evaluation/statistics.h"
#include "evaluation/video_numbers.h"
#include "io/image.h"

namespace savp {

class StagedFolder;

enum class ResultKind { kEvaluation, kFutures };

// Where the results of a tool go: the exact folder if one is given, else `parent`/`name`; that with an ending
// (".evaluation", ".futures") where the other tool's results, or a run, are there already. Throws UsageError
// where they are in the exact folder.
std::filesystem::path results_folder(ResultKind kind, const std::optional<std::string>& exact,
                                     const std::filesystem::path& parent, const std::string& name);

struct EvaluationLayout {
  std::filesystem::path folder;
  std::vector<Subtask> subtasks;
  bool pictures = true;
};

// prediction_eval_METRIC_SUBTASK/ with metrics/METRIC.csv and what write_pictures() makes; where there are
// several samples, prediction_eval_METRIC/metrics/METRIC.csv of every metric of videos, as of diversity; of a
// metric of the whole set prediction_eval_METRIC_set/metrics/METRIC.csv. samples/METRIC.csv has the means of
// all samples, features.safetensors what metrics of the whole set have seen.
class EvaluationWriter {
 public:
  EvaluationWriter(EvaluationLayout layout, const RunDescription& origin);
  ~EvaluationWriter();

  // Further videos: their context [context_frames, B, C, H, W] and what was found about their predictions.
  void add(const at::Tensor& context, const SampleStatistics& found);

  // The same, of numbers and of a folder of pictures (or none) that was made earlier.
  void add(const VideoNumbers& numbers, const std::filesystem::path& pictures);

  // Of all videos.
  void add_sets(std::vector<SetResult> results) { sets_ = std::move(results); }
  // summary.json.
  void add_summary(const Json& summary);

  // Puts everything in its place; nothing is seen of it before. Earlier results go.
  void commit();

  int64_t videos() const { return numbers_.videos(); }
  const VideoNumbers& numbers() const { return numbers_; }
  // In the order of the metrics, then of the subtasks; those of videos last.
  std::vector<MetricTable> tables() const;
  const std::vector<SetResult>& sets() const { return sets_; }

 private:
  EvaluationLayout layout_;
  std::unique_ptr<StagedFolder> staged_;
  VideoNumbers numbers_;
  std::vector<SetResult> sets_;
};

inline constexpr char kGridsFolder[] = "grids";  // beside futures: labelled, for the eye

// Whether both name one folder, which need not be there.
bool same_place(const std::filesystem::path& a, const std::filesystem::path& b);

// Throws UsageError where results would lie directly among what they are made from, and be taken for some of
// it by the next who reads that.
void check_apart(const std::filesystem::path& results,
                 const std::vector<std::optional<std::string>>& sources);

struct PredictionLayout {
  std::filesystem::path gif_folder, png_folder, grid_folder;
  std::optional<int64_t> gif_length;  // frames; none: all
  double fps = 4;
  GifPalette palette = GifPalette::kVideo;
  bool single_files = true;
  int64_t first_sample = 0;         // the number of the first sample of each video
  std::optional<GridLayout> grids;  // none: no grids
};

// gen_image_SSSSS_KK.gif, context and prediction, and gen_image_SSSSS_KK_TT.png, predicted frames alone:
// number of the video, of the sample and of the frame. In grids/ of its folder what FutureGrids writes;
// samples.json, beside the GIFs, tells how each sample can be drawn again.
class PredictionWriter {
 public:
  PredictionWriter(PredictionLayout layout, const RunDescription& origin);
  ~PredictionWriter();

  // Further videos, of which samples will come: their context [context_frames, B, C, H, W], and, for the
  // grids, what followed, [0 or more, B, C, H, W].
  void begin(const at::Tensor& context, const at::Tensor& truth = {});
  // Further samples of them, [F, S * B, C, H, W]: sample s of video b has index s * B + b. They are written
  // at once.
  void add(const at::Tensor& future);

  // Puts everything in its place; nothing is seen of it before. Earlier futures go. Of several folders each
  // is whole at any moment, the one of the GIFs first.
  void commit();

  // For samples.json.
  void add_record(Json record) { record_ = std::move(record); }

  int64_t videos() const { return videos_; }

 private:
  void write_single(const std::string& name, std::vector<Picture> frames, const std::vector<Picture>& future);

  PredictionLayout layout_;
  std::vector<std::unique_ptr<StagedFolder>> folders_;  // that of the GIFs first
  StagedFolder *gifs_, *pngs_;                          // of folders_, one or two
  std::unique_ptr<FutureGrids> grids_;                  // null: none
  Json record_;
  std::vector<std::vector<Picture>> contexts_;
  int64_t videos_ = 0;
  int64_t samples_ = 0;  // so far, of the videos of contexts_
};

}  // namespace savp
