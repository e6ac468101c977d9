// What the tools with a finished model share: their flags, and model and videos opened as these say.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/hparams.h"
#include "core/limits.h"
#include "evaluation/input.h"
#include "inference/open_model.h"
#include "inference/rollout.h"

namespace savp::cli {

// The flags that all tools with a finished model share, with the names and defaults of the
// published programs.
struct PredictOptions {
  using Self = PredictOptions;
  using Text = std::optional<std::string>;

  HPARAM_GROUP(model, "Model");
  HPARAM(
      Text, checkpoint, std::nullopt,
      "a run's folder or one of its checkpoints (logs/bair/model-200000); it says model, data set and their "
      "hyperparameters. With commas between several, the last that has a variable counts",
      Metavar{"PATH"});
  HPARAM(Text, model, std::nullopt, "repeat or ground_truth need no checkpoint; default: the checkpoint's",
         Metavar{"NAME"});
  HPARAM(Text, model_hparams, std::nullopt,
         "hyperparameters of the model, \"name=value,name=[value,value]\"; these win", Metavar{"TEXT"});

  HPARAM_GROUP(data, "Data");
  HPARAM(Text, input_dir, std::nullopt,
         "folder of record files, or of videos, folders of frames or arrays (.npz, .npy); subfolders train, "
         "val and test may divide them",
         Metavar{"DIR"});
  HPARAM(Split, mode, Split::kVal, "which of the subfolders to read");
  HPARAM(Text, dataset, std::nullopt, "what the records are; default: the checkpoint's, else detected",
         Metavar{"NAME"});
  HPARAM(Text, dataset_hparams, std::nullopt,
         "hyperparameters of the data set, \"name=value,name=value\"; these win", Metavar{"TEXT"});
  HPARAM(
      std::optional<int64_t>, sequence_length, std::nullopt,
      "frames of context and future together, the same as sequence_length of --dataset_hparams; default: the "
      "checkpoint's or data set's",
      (Between{2, limits::kFrames}));
  HPARAM(std::optional<int64_t>, num_samples, std::nullopt, "how many sequences; default: all", AtLeast{1});
  HPARAM(int64_t, num_epochs, 1, "passes over the data", (Between{1, limits::kPasses}));
  HPARAM(std::optional<int64_t>, batch_size, std::nullopt,
         "sequences at a time; more are faster and need more memory, results stay the same; default: up to 8",
         (Between{1, limits::kSequences}));

  HPARAM(int64_t, data_threads, 2, "threads that read and decode records", (Between{0, limits::kThreads}));
  HPARAM(bool, skip_bad_records, false,
         "continue after a damaged record, with a warning, instead of stopping");

  HPARAM_GROUP(machine, "Machine");
  HPARAM(int64_t, seed, 7, "random seed of sampling and data order", AtLeast{0});
  HPARAM(std::string, device, "auto",
         "auto (the first GPU that CUDA_VISIBLE_DEVICES leaves, else the CPU), cpu, cuda, or cuda:1 for "
         "another GPU",
         Metavar{"DEVICE"});
  HPARAM(int64_t, threads, 0, "of the CPU; 0: OMP_NUM_THREADS, else one a core",
         (Between{0, limits::kThreads}));
  HPARAM(double, gpu_mem_frac, 0.0, "largest share of the GPU's memory to use; 0: no limit", (Between{0, 1}));
};

// The device and threads that the flags say, and the share of its memory that may be used. Throws UsageError.
at::Device settle_machine(const PredictOptions& options);

// Model and videos together.
class Predicting {
 public:
  // Throws UsageError or DataError for all that can be known before the first prediction: hyperparameters
  // (before a video is decoded), sizes, too few frames or actions, no sequences at all.
  static Predicting open_dataset(const PredictOptions& options, Reach reach = Reach::kTrueFrames);
  static Predicting open_clip(const PredictOptions& options, const StartingClip& clip,
                              Reach reach = Reach::kBeyond);

  // What results are filed under.
  std::string name() const { return model_.origin.name(); }
  std::string model() const { return model_.entry().name; }
  const Origin& origin() const { return model_.origin; }
  const VideoInput& input() const { return input_; }
  // Of its results: the tool's options, with what followed for model, data set and batch size, and
  // all hyperparameters.
  RunDescription description(Json options) const;

  const VideoShape& shape() const { return model_.shape; }
  at::Device device() const { return model_.device; }
  int64_t context_frames() const { return model_.hparams->context_frames; }
  int64_t sequence_length() const { return model_.hparams->sequence_length; }
  bool stochastic() const { return model_.predictor->stochastic(); }
  int64_t true_frames() const { return input_.frames; }
  int64_t videos() const { return input_.videos; }
  int64_t batch_size() const { return input_.batch_size; }
  // Of the batches to come.
  void set_batch_size(int64_t videos) { input_.batch_size = videos; }

  // As VideoInput.
  std::optional<Batch> next_batch() { return input_.next_batch(); }
  std::string skipped_summary() const { return input_.skipped_summary(); }

  // Draws `samples` futures of the batch that next_batch() gave last, `at_once` of them together, and hands
  // each portion on: the frames after the context, [F, S * B, C, H, W], sample s of video b at index s * B +
  // b. What they are depends on seed, data, model and the number of the sample, the first of which is
  // `first_sample`, not on how they are divided.
  void sample(const Batch& batch, int64_t samples, int64_t at_once,
              const std::function<void(const Tensor&)>& take, int64_t first_sample = 0);

 private:
  Predicting(const PredictOptions& options, Origin origin, const at::Device& device, VideoInput input,
             Reach reach);

  VideoInput input_;
  OpenModel model_;
  uint64_t seed_;
};

}  // namespace savp::cli
