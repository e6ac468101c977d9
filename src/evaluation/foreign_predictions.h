// Predictions that another program has made, and what happened, as files.
//
//   a folder with one entry a sequence, in the order of their names, numbers in them by value: a video (GIF,
//   MP4, ...) or a folder of frames; of predictions also a folder of several of these, one a sample;
//
//   a folder of videos <name>_SEQUENCE_SAMPLE.gif, or of frames <name>_SEQUENCE_FRAME.png or
//   <name>_SEQUENCE_SAMPLE_FRAME.png, as the tools here write them;
//
//   a file of arrays (.npz, .npy): [sequences, frames, height, width, channels], of predictions also
//   [sequences, samples, frames, height, width, channels]; bytes, or floats in 0..1. Of several arrays in an
//   .npz file that counts which is named "futures" (of what happened: "truth", behind "context" where that is
//   there), else the only one with as many axes;
//
//   a folder of such files, one a sequence, without the first axis.
//
// A folder that the tools here have written counts as it is: descriptions (.json) and grids are passed over.
// Of the same videos in several formats those count that lose the least: arrays, else frames, else videos.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/video.h"

namespace savp {

// Sequences with the same number of samples, read one after the other.
class VideoSource {
 public:
  virtual ~VideoSource() = default;
  virtual int64_t sequences() const = 0;
  virtual int64_t samples() const = 0;  // of each
  // What their values have been rounded to: "none", "bytes", "palette of a GIF", ...
  virtual std::string quantization() const = 0;
  // Those that the names of the sequences end in; empty where there are none.
  virtual const std::vector<int64_t>& numbers() const {
    static const std::vector<int64_t> kNone;
    return kNone;
  }
  // The samples of the next sequence, [T, 1, C, H, W] each, in 0..1, read as they are asked for.
  virtual std::vector<std::function<Tensor()>> next() = 0;
  // Where the sequence lies that next() gave last, for messages.
  virtual std::string where() const = 0;
};

enum class VideoRole { kTruth, kPredictions };

// Throws DataError, which names the file or folder, for what is none of the above.
std::unique_ptr<VideoSource> open_videos(const std::filesystem::path& path, VideoRole role);

struct ForeignOptions {
  std::filesystem::path truth, predictions;
  int64_t context_frames = 0;  // true ones that the model was shown
};

// Both, sequence by sequence.
class ForeignPredictions {
 public:
  // Throws UsageError or DataError where they do not fit together, as far as the first sequence shows.
  explicit ForeignPredictions(ForeignOptions options);

  int64_t sequences() const { return truth_->sequences(); }
  int64_t samples() const { return predictions_->samples(); }
  int64_t frames() const { return first_.size(0); }  // true ones of each sequence
  std::string quantization() const { return predictions_->quantization(); }
  VideoShape shape() const;

  // The next true sequence, [T, 1, C, H, W].
  Tensor next();
  // Its samples, [T - context_frames, 1, C, H, W], one after the other. Predictions of T frames count without
  // their first ones. Throws DataError for those that are shorter or of another size.
  void sample(const std::function<void(const Tensor&)>& take) const;

 private:
  ForeignOptions options_;
  std::unique_ptr<VideoSource> truth_, predictions_;
  Tensor first_, truth_now_;
  std::vector<std::function<Tensor()>> samples_now_;
  int64_t at_ = 0;
};

}  // namespace savp
