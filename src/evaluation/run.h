// A model and what it continues, opened together: hyperparameters settled, weights loaded, batches at hand.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "checkpoints/run_dir.h"
#include "checkpoints/variable_source.h"
#include "core/hparams.h"
#include "core/limits.h"
#include "core/video.h"
#include "datasets/stream.h"
#include "models/predictor.h"

namespace savp {

class Dataset;

enum class Split { kTrain, kVal, kTest };
template <>
struct EnumNames<Split> {
  static constexpr std::pair<Split, const char*> kTable[] = {
      {Split::kTrain, "train"}, {Split::kVal, "val"}, {Split::kTest, "test"}};
};

// The flags that all tools with a finished model share, with the names and defaults of the published
// programs.
struct RunOptions {
  using Self = RunOptions;
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

// Where model and frames come from, and what the frames say about the model.
struct RunInput {
  std::string model;                        // its name
  std::optional<Checkpoint> checkpoint;     // of a model with weights
  std::optional<VariableSource> variables;  // of the checkpoint, until the model has them
  std::string dataset;                      // its name
  std::string place;                        // of the frames, for messages: the first file of them
  Json dataset_hparams;                     // context_frames and sequence_length among them
  VideoShape shape;                         // of its batches
  int64_t frames = 0;                       // true ones of each video; with as many actions but one, if any
  int64_t sequence_length = 0;              // frames of a prediction, context included
  int64_t videos = 0;                       // to come
  int64_t batch_size = 1;                   // videos at a time, the last time perhaps fewer
  std::unique_ptr<Stream<Batch>> batches;   // of one video each, on default_device()
  std::shared_ptr<const Dataset> data;      // that the batches are from; none for a clip
};

// Whether a prediction may be longer than the videos are.
enum class Reach { kTrueFrames, kBeyond };

// The data set that the options name. Throws UsageError or DataError for all that can be known before the
// first prediction: hyperparameters (before a video is decoded), sizes, too few frames or actions, no
// sequences at all.
RunInput open_dataset_input(const RunOptions& options, Reach reach = Reach::kTrueFrames);

// A clip, a GIF or a folder of frames: as many frames as the model wants to see, in the size it was trained
// on. Of a file of arrays (.npz, .npy) the first sequence, as it is, with its actions and states where the
// model takes them.
struct StartingClip {
  std::string path;
  int64_t start_frame = 0;  // the first one shown to the model
  double fps = 0;           // frames a second to pick; 0: every frame
};
RunInput open_clip_input(const RunOptions& options, const StartingClip& clip);

class Run {
 public:
  // Throws UsageError where frames or actions of the input are too few.
  Run(const RunOptions& options, RunInput input);

  // What results are filed under: the checkpoint's folder, or "model.repeat".
  const std::string& name() const { return name_; }
  // Of its results: the tool's options, with what followed for model, data set and batch size, and all
  // hyperparameters.
  RunDescription description(Json options) const;

  int64_t context_frames() const { return hparams_->context_frames; }
  int64_t sequence_length() const { return hparams_->sequence_length; }
  bool stochastic() const { return predictor_->stochastic(); }

  int64_t true_frames() const { return input_.frames; }
  int64_t videos() const { return input_.videos; }
  std::string model() const { return input_.model; }

  // The next videos, on the device; none after the last. Throws InterruptedError where the user asked to
  // stop.
  std::optional<Batch> next_batch();

  // The end of a tool's summary: what was left out of the data, or nothing.
  std::string skipped_summary() const;

  // Draws `samples` futures of the batch that next_batch() gave last, `at_once` of them together, and hands
  // each portion on: frames 1 .. sequence_length - 1, [T - 1, S * B, C, H, W], sample s of video b at index s
  // * B + b. What they are depends on seed, data and model alone, not on how they are divided.
  using TakePortion = std::function<void(const Tensor& images)>;
  void sample(const Batch& batch, int64_t samples, int64_t at_once, const TakePortion& take);

 private:
  void check_lengths() const;

  std::string name_;
  RunInput input_;
  std::unique_ptr<ModelHparams> hparams_;
  Json model_hparams_;
  std::shared_ptr<Predictor> predictor_;
  uint64_t seed_;
  int64_t first_video_ = 0;  // of the last batch
  int64_t delivered_ = 0;    // videos
};

}  // namespace savp
