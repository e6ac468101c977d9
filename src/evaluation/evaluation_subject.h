// What an evaluation measures: a model on a data set, or predictions that another program has made.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "checkpoints/run_dir.h"
#include "core/video.h"
#include "evaluation/split_persons.h"
#include "evaluation/summary.h"

namespace savp {

class EvaluationSubject {
 public:
  virtual ~EvaluationSubject() = default;

  std::string name;   // what results are filed under
  Json model;         // "model" of the summary
  Json data;          // "data" of the summary
  std::string place;  // where the videos come from, for messages
  VideoShape shape;
  at::Device device = at::kCPU;
  int64_t context_frames = 0, future_frames = 0;
  int64_t samples = 1;                       // of each video
  bool deterministic = false;                // one of them stands for any number
  std::string quantization = kNotQuantized;  // of predictions: what they have been rounded to
  bool with_baseline = true;
  std::optional<SplitPersons> persons = {};  // for a protocol; none: not known
  std::string files;                         // where files are measured: what changes when they do
  RunDescription description;                // options.json and so on, from the options it was opened with

  virtual int64_t videos() const = 0;  // to come
  // The next videos, [context_frames + future_frames or more, B, C, H, W], on the device.
  virtual std::optional<Batch> next_batch() = 0;
  // The number of the first video of the last batch.
  virtual int64_t first_video() const = 0;
  // All samples of the last batch in portions, [future_frames, S * B, C, H, W], sample s of video b at s * B
  // + b.
  virtual void sample(const Batch& batch, const std::function<void(const Tensor&)>& take) = 0;
  // What was left out of the data, or nothing.
  virtual std::string skipped_summary() const { return ""; }

  int64_t frames() const { return context_frames + future_frames; }
};

}  // namespace savp
