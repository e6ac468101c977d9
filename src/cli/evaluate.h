// savp_evaluate: how near predictions come to what happened.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoints/metric_networks.h"
#include "cli/predicting.h"
#include "core/hparams.h"
#include "core/limits.h"
#include "evaluation/metric_definitions.h"
#include "evaluation/protocols.h"
#include "evaluation/statistics.h"
#include "metrics/metric_names.h"

namespace savp::cli {

// With the names and defaults of the published program, and --eval_subtasks, which it spells otherwise.
struct EvaluateOptions : PredictOptions {
  using Self = EvaluateOptions;
  static constexpr const char* kAbout =
      "measures predictions against what happened: for each sequence many futures are drawn, and for each "
      "metric the best, mean and worst of them are kept, as tables (csv) and pictures (PNG).";
  static constexpr const char* kExample =
      "savp_evaluate --checkpoint logs/bair --input_dir data/bair --mode test";

  HPARAM_GROUP(measuring, "Measuring");
  HPARAM(std::optional<ProtocolName>, protocol, std::nullopt,
         "measures as a paper does: split, context, length, samples, metrics and how exactly they are "
         "computed, which are printed; flags and data that do not fit are refused. --list_protocols lists "
         "them, with what is doubtful about each");
  HPARAM(int64_t, num_stochastic_samples, 100, "futures of each sequence", (Between{1, limits::kFutures}));
  HPARAM(std::vector<Subtask>, eval_subtasks,
         (std::vector<Subtask>{Subtask::kMax, Subtask::kAvg, Subtask::kMin}),
         "which of them to keep for each metric: largest, mean, smallest value");
  HPARAM(std::vector<Subtask>, eval_substasks, (std::vector<Subtask>{}),
         "the same, as the published program spells it");
  HPARAM(std::vector<MetricName>, metrics, (std::vector<MetricName>{}),
         "what to measure, as in psnr,ssim,fvd; default: the protocol's, else all but mae and lpips_vgg, as "
         "far as their networks are there");
  HPARAM(Text, metric_weights, std::nullopt, kMetricWeightsHelp, Metavar{"DIR"});
  HPARAM(int64_t, fvd_samples, 1, "futures of each sequence that fvd and kvd look at",
         (Between{1, limits::kFutures}));
  HPARAM(bool, fvd_context, false,
         "fvd and kvd look at the context frames, too, not at the predicted ones alone");
  HPARAM(FvdInput, fvd_input, FvdInput::kOriginal,
         "how frames reach fvd's and kvd's network: original (bytes, resized as TensorFlow 1 does), "
         "stylegan-v (bytes, half-pixel centres), unrounded (half-pixel centres)");
  HPARAM(bool, no_feature_cache, false,
         "neither take nor keep features of fvd and kvd in the cache (features/, 1.6 kB a video)");
  HPARAM(bool, only_metrics, false, "tables without pictures");
  HPARAM(int64_t, eval_parallel_iterations, 10,
         "futures drawn at once, times --batch_size; fewer need less memory", (Between{1, limits::kFutures}));

  HPARAM_GROUP(foreign, "Other programs' predictions");
  HPARAM(
      Text, predictions, std::nullopt,
      "measures these instead of running a model: a folder with a video (GIF, MP4, folder of frames, .npz) "
      "for each sequence, or a folder of several, one a future; a folder of savp_generate; or an .npz or "
      ".npy file",
      Metavar{"DIR"});
  HPARAM(Text, truth, std::nullopt,
         "what happened, in the same order: a folder of videos, or an .npz or .npy file", Metavar{"DIR"});
  HPARAM(int64_t, context_frames, 0, "with --truth: its first frames, which the model was shown",
         (Between{0, limits::kFrames}));

  HPARAM_GROUP(comparing, "Comparing");
  HPARAM(std::vector<std::string>, compare, (std::vector<std::string>{}),
         "instead of evaluating, compares two folders of results of the same sequences, sequence by "
         "sequence, and prints the mean difference of each metric with its interval of 95 %");

  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, results_dir, "results", "folder in which a folder named after the checkpoint is made",
         Metavar{"DIR"});
  HPARAM(Text, output_dir, std::nullopt, "the exact folder for results (overrides --results_dir)",
         Metavar{"DIR"});

  HPARAM_GROUP(ignored, "Ignored (kept for compatibility with the published program)");
  HPARAM(Text, gt_inputs_dir, std::nullopt, "folder for true context frames", Metavar{"DIR"});
  HPARAM(Text, gt_outputs_dir, std::nullopt, "folder for true future frames", Metavar{"DIR"});

  std::set<std::string> given = {};  // the flags that were, by name: a default may contradict a protocol, too
};

// Throws what savp::cli::run turns into a message and an exit code.
void evaluate(const EvaluateOptions& options);

}  // namespace savp::cli
