// What the original shows in TensorBoard, under its tags: "NAME/NAME", in which the part before the first
// slash ends in "_1" for the validation set and in "_2" for the longer one. There are four kinds:
//
//   scalars     losses, schedules, and metrics of what is predicted, of the batch that was trained on and of
//               the validation set's few batches
//   images      what was predicted of a batch of each, and how: masks, moved images, flows, further samples
//   eval        worst, mean and best of many samples of a batch of each, and the images behind them
//   accum_eval  the same numbers, averaged over the whole validation set and the longer one
//
// None of them changes what is trained: draws are their own and always the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metrics/metric_set.h"
#include "training/periodic.h"
#include "training/sample_evaluation.h"
#include "training/validation.h"

namespace savp {

struct SummaryOptions {
  // Steps between two of a kind; 0: never.
  int64_t scalars = 1000, images = 5000, eval = 25000, accum_eval = 100000;
  int64_t histograms = 0;  // of weights and gradients
  int64_t samples = 100;   // futures of each sequence for eval and accum_eval
};

// The scope's suffixes.
inline constexpr const char *kOfTraining = "", *kOfValidation = "_1", *kOfLongValidation = "_2";

// "psnr", "_1" -> "psnr_1/psnr"; "eval_psnr/max", "" -> "eval_psnr/eval_psnr/max".
std::string summary_tag(const std::string& name, const std::string& suffix);

// The metrics that the original shows, those left out (a line says why) that cannot be measured of frames of
// this shape or lack a network: psnr, mse, ssim, lpips, and the distance of neighbouring samples by lpips.
// networks: their folder, as metric_weights_folder() takes it.
MetricSet summary_metrics(const VideoShape& shape, const at::Device& device,
                          const std::optional<std::string>& networks = {});

class Summaries {
 public:
  // `metrics` go into event files, `validated` to people and metrics.jsonl. The trainer and the sets, which
  // may be null, must outlive it and its rows.
  Summaries(Trainer& trainer, MetricSet metrics, std::vector<Metric> validated, const SummaryOptions& options,
            const ValidationData* validation, const ValidationData* longer);

  // Scalars, images and histograms; eval and accum_eval, which take long. They stop early, without a result,
  // where the user asks to stop. The summaries must outlive them.
  std::vector<Periodic> quick();
  std::vector<Periodic> thorough();

 private:
  StepReport see(const Batch& batch, const StepOptions& wanted = {}) const;
  Values scalar_values(const StepReport& losses, const Batch& batch, const StepReport& seen) const;
  std::optional<SampleStatistics> samples_of(const Batch& batch, int64_t first_video) const;
  void scalars(const Moment& now) const;
  void images(const Moment& now) const;
  void histograms(const Moment& now) const;
  void eval(const Moment& now) const;
  void accum_eval(const Moment& now) const;

  Trainer& trainer_;
  MetricSet metrics_;
  std::vector<Metric> validated_;
  SummaryOptions options_;
  const ValidationData *validation_, *longer_;
};

}  // namespace savp
