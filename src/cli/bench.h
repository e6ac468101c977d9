// savp_bench: how long a training step, a prediction, a batch of data and the convolutions take.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "checkpoints/metric_networks.h"
#include "cli/video_bench.h"
#include "core/hparams.h"
#include "core/limits.h"
#include "core/precision.h"

namespace savp::cli {

enum class BenchTask { kTrain, kGenerate, kLatency, kData, kConv, kOps, kKernels };

}  // namespace savp::cli

namespace savp {
template <>
struct EnumNames<cli::BenchTask> {
  static constexpr std::pair<cli::BenchTask, const char*> kTable[] = {
      {cli::BenchTask::kTrain, "train"},     {cli::BenchTask::kGenerate, "generate"},
      {cli::BenchTask::kLatency, "latency"}, {cli::BenchTask::kData, "data"},
      {cli::BenchTask::kConv, "conv"},       {cli::BenchTask::kOps, "ops"},
      {cli::BenchTask::kKernels, "kernels"}};
};
}  // namespace savp

namespace savp::cli {

struct BenchOptions {
  using Self = BenchOptions;
  static constexpr const char* kAbout =
      "measures time and memory of training steps, predictions, control steps, data loading or convolutions. "
      "Prints one JSON line for each measurement, with median, 99th percentile, least and most seconds. "
      "--what ops counts the operators that a training step dispatches";
  static constexpr const char* kExample =
      "savp_bench --what train --model_hparams_dict hparams/bair_action_free/ours_savp/model_hparams.json "
      "--batch_size 2 --threads 2";

  HPARAM_GROUP(task, "Task");
  HPARAM(BenchTask, what, BenchTask::kTrain, "what to measure");
  HPARAM(int64_t, iterations, 5, "measured iterations", (Between{1, 1e6}));
  HPARAM(int64_t, warmup, 1, "iterations before the measurement", (Between{0, 1e6}));
  HPARAM(int64_t, batch_size, 2, "videos in a batch", (Between{1, limits::kSequences}));
  HPARAM(int64_t, sequence_length, 0,
         "frames, context included; 0: 12 in training, 30 in generation, 15 after the context in plans",
         (Between{0, limits::kFrames}));
  HPARAM(int64_t, context_frames, 2, "frames given to the model at the start", (Between{1, limits::kFrames}));
  HPARAM(int64_t, size, 64, "height and width of a frame in pixels", (Between{16, limits::kPixels}));
  HPARAM(int64_t, channels, 3, "channels of a frame", (Between{1, limits::kFilters}));
  HPARAM(int64_t, actions, 0, "numbers of an action between two frames", (Between{0, limits::kFilters}));
  HPARAM(int64_t, plans, 200,
         "--what latency: sequences of actions, or futures of a model without, imagined at once",
         (Between{1, limits::kSequences}));

  HPARAM_GROUP(network, "Model");
  HPARAM(std::string, model, "savp", "model to measure");
  HPARAM(std::string, model_hparams_dict, "", "JSON file of hyperparameters");
  HPARAM(std::string, model_hparams, "", "hyperparameters, as in ngf=16,nz=8");
  HPARAM(std::optional<std::string>, metric_weights, std::nullopt, kMetricWeightsHelp, Metavar{"DIR"});
  HPARAM(int64_t, global_step, 75000, "training step that is measured (schedules depend on it)",
         (Between{0, limits::kSteps}));

  HPARAM_GROUP(records, "Data (--what data)");
  HPARAM(
      std::string, input_dir, "",
      "folder of records (40 batches per iteration) or of videos (as savp_preprocess bench measures them); "
      "empty: raw frames, JPEGs and GIFs made for the measurement, and libjpeg and "
      "memcpy alone");
  HPARAM(std::string, dataset, "", "how the records are read; empty: detected");
  HPARAM(std::string, dataset_hparams, "", "hyperparameters of the data set");

  HPARAM_GROUP(machine, "Machine");
  HPARAM(std::string, device, "cpu", "cpu, cuda, or cuda:1 for another GPU; auto: a GPU if there is one");
  HPARAM(int64_t, threads, 0, "CPU threads; 0: LibTorch's default", (Between{0, limits::kThreads}));
  HPARAM(Precision, precision, Precision::kFp32,
         "precision of convolutions and matrix products (tf32: on a GPU)");
  HPARAM(bool, recompute, false, "compute the generator's time steps again in backward, as savp_train does");
  HPARAM(bool, graph, false, "record the training step as one CUDA graph and replay it");
};

// The reading of videos is measured by `measure_videos`: a program that is carried to where FFmpeg and OpenCV
// are not passes something that does without.
void bench(const BenchOptions& options, const std::function<void(const VideoBenchOptions&)>& measure_videos);

}  // namespace savp::cli
