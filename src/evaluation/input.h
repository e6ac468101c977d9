// The videos that a finished model continues: those of a data set, or the start of a single one.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/hparams.h"
#include "core/video.h"
#include "datasets/stream.h"
#include "inference/open_model.h"

namespace savp {

class Dataset;

enum class Split { kTrain, kVal, kTest };
template <>
struct EnumNames<Split> {
  static constexpr std::pair<Split, const char*> kTable[] = {
      {Split::kTrain, "train"}, {Split::kVal, "val"}, {Split::kTest, "test"}};
};

// What to read, and how. Messages call the members by the flags of the same names.
struct InputOptions {
  std::optional<std::string> input_dir;
  Split mode = Split::kVal;
  std::optional<std::string> dataset;  // none: the checkpoint's, else detected
  std::string dataset_hparams;         // these win
  std::string model_hparams;           // checked before anything is read that takes time
  std::optional<int64_t> sequence_length, num_samples, batch_size;
  int64_t num_epochs = 1;
  int64_t data_threads = 2;
  bool skip_bad_records = false;
  uint64_t seed = 0;  // of the order
  at::Device device = at::kCPU;
};

// What is to be continued, and what it says about the model.
class VideoInput {
 public:
  std::string dataset;          // its name
  std::string place;            // of the frames, for messages: the first file of them
  Json dataset_hparams;         // context_frames and sequence_length among them
  VideoShape shape;             // of the batches
  int64_t frames = 0;           // true ones of each video; with as many actions but one, if any
  int64_t sequence_length = 0;  // frames of a prediction, context included
  int64_t videos = 0;           // to come
  int64_t batch_size = 1;       // videos at a time, the last time perhaps fewer

  // The next videos, on the device; none after the last. Throws InterruptedError where the user asked
  // to stop.
  std::optional<Batch> next_batch();
  // The number of the first video of the last batch.
  int64_t first_video() const { return first_video_; }

  // What the data dictates to models.
  Json model_hparams() const;

  // The end of a tool's summary: what was left out of the data, or nothing.
  std::string skipped_summary() const;

  void read_from(std::unique_ptr<Stream<Batch>> batches, std::shared_ptr<const Dataset> data = nullptr);

 private:
  std::unique_ptr<Stream<Batch>> batches_;  // of one video each
  std::shared_ptr<const Dataset> data_;     // that they are from; none for a clip
  int64_t first_video_ = 0, delivered_ = 0;
};

// Whether a prediction may be longer than the videos are, and than their actions, because others are given.
enum class Reach { kTrueFrames, kBeyond, kBeyondActions };

// The data set that the options name. Throws UsageError or DataError for all that can be known before the
// first prediction: hyperparameters (before a video is decoded), sizes, too few frames or actions, no
// sequences at all.
VideoInput open_dataset_input(const Origin& origin, const InputOptions& options,
                              Reach reach = Reach::kTrueFrames);

// A clip, a GIF or a folder of frames: as many frames as the model wants to see, in the size it was trained
// on; where the model takes actions and states, those of the file beside it. Of a file of arrays (.npz, .npy)
// the first sequence, as it is, with its own.
struct StartingClip {
  std::string path;
  int64_t start_frame = 0;  // the first one shown to the model
  double fps = 0;           // frames a second to pick; 0: every frame
};
VideoInput open_clip_input(const Origin& origin, const InputOptions& options, const StartingClip& clip);

}  // namespace savp
