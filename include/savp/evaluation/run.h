// A model and what it continues, opened together: hyperparameters settled, weights loaded, batches at hand.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "savp/checkpoints/run_dir.h"
#include "savp/core/hparams.h"
#include "savp/core/video.h"
#include "savp/datasets/stream.h"
#include "savp/models/predictor.h"

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
  HPARAM(Text, checkpoint, std::nullopt,
         "a run's folder or one of its checkpoints (logs/bair/model-200000); says model, data set and their "
         "hyperparameters",
         Metavar{"PATH"});
  HPARAM(Text, model, std::nullopt,
         "repeat or ground_truth need no checkpoint; the checkpoint's unless given", Metavar{"NAME"});
  HPARAM(Text, model_hparams, std::nullopt,
         "hyperparameters of the model, \"name=value,name=[value,value]\"; these win", Metavar{"TEXT"});

  HPARAM_GROUP(data, "Data");
  HPARAM(Text, input_dir, std::nullopt,
         "folder of record files, or of videos, folders of frames or arrays (.npz, .npy); subfolders train, "
         "val and test may divide them",
         Metavar{"DIR"});
  HPARAM(Split, mode, Split::kVal, "which of the subfolders to read");
  HPARAM(Text, dataset, std::nullopt, "what the records are; the checkpoint's unless given, else inferred",
         Metavar{"NAME"});
  HPARAM(Text, dataset_hparams, std::nullopt,
         "hyperparameters of the data set, \"name=value,name=value\"; these win", Metavar{"TEXT"});
  HPARAM(std::optional<int64_t>, num_samples, std::nullopt, "how many sequences; all of them unless given",
         AtLeast{1});
  HPARAM(int64_t, num_epochs, 1, "passes over the data", AtLeast{1});
  HPARAM(std::optional<int64_t>, batch_size, std::nullopt,
         "sequences at a time, must divide their number; unless given, the largest number up to 8 that does",
         AtLeast{1});

  HPARAM(int64_t, data_threads, 2, "threads that read and decode records", AtLeast{0});
  HPARAM(
      bool, skip_bad_records, false,
      "go on after a damaged record, with a warning, instead of stopping; sequences then come one at a time "
      "unless --batch_size is given");

  HPARAM_GROUP(machine, "Machine");
  HPARAM(int64_t, seed, 7, "of the draws and the order of the data", AtLeast{0});
  HPARAM(double, gpu_mem_frac, 0.0, "largest share of the GPU's memory to use; 0: no limit", (Between{0, 1}));
};

// Where model and frames come from, and what the frames say about the model.
struct RunInput {
  std::string model;                       // its name
  std::optional<Checkpoint> checkpoint;    // of a model with weights
  std::string dataset;                     // its name
  Json dataset_hparams;                    // context_frames and sequence_length among them
  VideoShape shape;                        // of its batches
  int64_t videos = 0;                      // to come
  int64_t batch_size = 1;                  // videos at a time
  std::unique_ptr<Stream<Batch>> batches;  // on default_device()
  std::shared_ptr<const Dataset> data;     // that the batches are from; none for a clip
};

// The data set that the options name.
RunInput open_dataset_input(const RunOptions& options);

// A clip, a GIF or a folder of frames: as many frames as the model wants to see, in the size it was trained
// on.
struct ClipOptions {
  std::string path;
  int64_t start_frame = 0;  // the first one shown to the model
  double fps = 0;           // frames a second to pick; 0: every frame
};
RunInput open_clip_input(const RunOptions& options, const ClipOptions& clip);

class Run {
 public:
  // `sequence_length`, where given, overrides the data set's: frames of a prediction, context included.
  Run(const RunOptions& options, RunInput input, std::optional<int64_t> sequence_length = std::nullopt);

  // What results are filed under: the checkpoint's folder, or "model.repeat".
  const std::string& name() const { return name_; }
  // Of its results: the tool's options, with what followed for model, data set and batch size, and all
  // hyperparameters.
  RunDescription description(Json options) const;

  int64_t context_frames() const { return hparams_->context_frames; }
  int64_t sequence_length() const { return hparams_->sequence_length; }
  bool stochastic() const { return predictor_->stochastic(); }

  // On the device; none after the last. Throws InterruptedError where the user asked to stop.
  std::optional<Batch> next_batch();

  // The end of a tool's summary: what was left out of the data, or nothing.
  std::string skipped_summary() const;

  // Draws `samples` futures, `at_once` of them as one batch, and hands each portion on: frames 1 ..
  // sequence_length - 1, [T - 1, S * B, C, H, W], sample s of video b at index s * B + b.
  using TakePortion = std::function<void(const Tensor& images)>;
  void sample(const Batch& batch, int64_t samples, int64_t at_once, const TakePortion& take);

 private:
  std::string name_;
  RunInput input_;
  std::unique_ptr<ModelHparams> hparams_;
  Json model_hparams_;
  std::shared_ptr<Predictor> predictor_;
  std::unique_ptr<Noise> noise_;
  int64_t delivered_ = 0;  // videos
};

}  // namespace savp
