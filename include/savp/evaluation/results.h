// What the tools leave behind, laid out and named as by the published programs. Beside it lie options.json,
// dataset_hparams.json and model_hparams.json, which tell how it was made.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "savp/checkpoints/run_dir.h"
#include "savp/evaluation/metric_table.h"
#include "savp/evaluation/statistics.h"

namespace savp {

// A folder whose new content appears together: it is collected in <folder>/.unfinished and moved up by
// commit(), replacing what has the same name. Without commit() nothing changes.
class StagedFolder {
 public:
  explicit StagedFolder(std::filesystem::path folder);
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const std::filesystem::path& staging() const { return staging_; }
  void commit();

 private:
  std::filesystem::path folder_, staging_;
};

struct EvaluationLayout {
  std::filesystem::path folder;
  std::vector<Subtask> subtasks;
  bool pictures = true;
};

// prediction_eval_METRIC_SUBTASK/ with metrics/METRIC.csv, inputs/context_image_SSSSS_TT.png and
// outputs/gen_image_SSSSS_TT.png: number of the video, number of the frame within context or prediction.
// Where there are several samples, prediction_eval_diversity_avg/metrics/diversity.csv as well.
class EvaluationWriter {
 public:
  EvaluationWriter(EvaluationLayout layout, const RunDescription& origin);

  // Further videos: their context [context_frames, B, C, H, W] and what was found about their predictions.
  void add(const at::Tensor& context, const SampleStatistics& found);

  // Moves everything to its place; nothing is seen of it before.
  void commit();

  int64_t videos() const { return videos_; }
  // In the order of metrics(), then of the subtasks; the diversity last.
  std::vector<MetricTable> tables() const;

 private:
  EvaluationLayout layout_;
  StagedFolder staged_;
  std::vector<MetricTable> tables_;
  MetricTable diversity_{"diversity", enum_name(Subtask::kAvg), /*is_best=*/false};
  int64_t videos_ = 0;
};

struct PredictionLayout {
  std::filesystem::path gif_folder, png_folder;
  std::optional<int64_t> gif_length;  // frames; none: all
  double fps = 4;
};

// gen_image_SSSSS_KK.gif, context and prediction, and gen_image_SSSSS_KK_TT.png, predicted frames alone:
// number of the video, of the sample and of the frame.
class PredictionWriter {
 public:
  PredictionWriter(PredictionLayout layout, const RunDescription& origin);

  // Further videos: their context [context_frames, B, C, H, W] and what follows it, [F, S * B, C, H, W],
  // where sample s of video b has index s * B + b.
  void add(const at::Tensor& context, const at::Tensor& future);

  int64_t videos() const { return videos_; }

 private:
  PredictionLayout layout_;
  int64_t videos_ = 0;
};

}  // namespace savp
