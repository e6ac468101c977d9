// savp_bench: how long a training step, a prediction, a batch of data and the convolutions take.
#pragma once

#include <cstdint>
#include <string>

#include "core/hparams.h"
#include "core/limits.h"
#include "core/precision.h"

namespace savp::cli {

enum class BenchTask { kTrain, kGenerate, kData, kConv, kOps, kKernels };

}  // namespace savp::cli

namespace savp {
template <>
struct EnumNames<cli::BenchTask> {
  static constexpr std::pair<cli::BenchTask, const char*> kTable[] = {
      {cli::BenchTask::kTrain, "train"}, {cli::BenchTask::kGenerate, "generate"},
      {cli::BenchTask::kData, "data"},   {cli::BenchTask::kConv, "conv"},
      {cli::BenchTask::kOps, "ops"},     {cli::BenchTask::kKernels, "kernels"}};
};
}  // namespace savp

namespace savp::cli {

struct BenchOptions {
  using Self = BenchOptions;
  static constexpr const char* kAbout =
      "measures the time of training steps, predictions, data loading or convolutions, and the memory they "
      "take. "
      "Prints one JSON line for each measurement: seconds as median, least and most. --what ops counts the "
      "operators "
      "that a training step dispatches.";
  static constexpr const char* kExample =
      "savp_bench --what train --model_hparams_dict hparams/bair_action_free/ours_savp/model_hparams.json "
      "--batch_size 2 --threads 2";

  HPARAM_GROUP(task, "Task");
  HPARAM(BenchTask, what, BenchTask::kTrain, "what to measure");
  HPARAM(int64_t, iterations, 5, "how often, after the warm-up", (Between{1, 1e6}));
  HPARAM(int64_t, warmup, 1, "iterations before the clock runs", (Between{0, 1e6}));
  HPARAM(int64_t, batch_size, 2, "videos in a batch", (Between{1, limits::kSequences}));
  HPARAM(int64_t, sequence_length, 0, "frames, context included; 0: 12 in training, 30 in generation",
         (Between{0, limits::kFrames}));
  HPARAM(int64_t, context_frames, 2, "true frames given at the start", (Between{1, limits::kFrames}));
  HPARAM(int64_t, size, 64, "height and width of a frame in pixels", (Between{16, limits::kPixels}));
  HPARAM(int64_t, channels, 3, "of a frame", (Between{1, limits::kFilters}));

  HPARAM_GROUP(network, "Model");
  HPARAM(std::string, model, "savp", "which model");
  HPARAM(std::string, model_hparams_dict, "", "JSON file of hyperparameters");
  HPARAM(std::string, model_hparams, "", "hyperparameters, as in ngf=16,nz=8");
  HPARAM(int64_t, global_step, 75000, "training step that is measured (schedules depend on it)",
         (Between{0, limits::kSteps}));

  HPARAM_GROUP(records, "Data (--what data)");
  HPARAM(
      std::string, input_dir, "",
      "folder of records, 40 batches an iteration, or of videos; empty: raw frames, JPEG and GIFs made for "
      "it, beside libjpeg and memcpy alone. Videos are left to savp_preprocess bench, which has more flags");
  HPARAM(std::string, dataset, "", "kind of data set; empty: found out from the folder");
  HPARAM(std::string, dataset_hparams, "", "hyperparameters of the data set");

  HPARAM_GROUP(machine, "Machine");
  HPARAM(std::string, device, "cpu", "cpu, cuda, or cuda:1 for another GPU; auto: a GPU if there is one");
  HPARAM(int64_t, threads, 0, "of the CPU; 0: as many as LibTorch likes", (Between{0, limits::kThreads}));
  HPARAM(Precision, precision, Precision::kFp32, "of convolutions and products (tf32: on a GPU)");
  HPARAM(bool, graph, false, "train on a GPU: the step recorded once and replayed");
};

void bench(const BenchOptions& options);

}  // namespace savp::cli
