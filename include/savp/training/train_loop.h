// What happens between steps: progress, metrics.jsonl, validation, checkpoints, and a clean stop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "savp/core/video.h"
#include "savp/datasets/stream.h"
#include "savp/training/trainer.h"

namespace savp {

// The endless batches of training, which can be entered at any step and then go on as if they had been read
// from the start: the order is drawn anew every kStretch steps, from the seed and the number of the stretch.
class TrainingBatches : public Stream<Batch> {
 public:
  static constexpr int64_t kStretch = 5000;  // steps
  using Open = std::function<std::unique_ptr<Stream<Batch>>(uint64_t seed)>;

  TrainingBatches(Open open, uint64_t seed, int64_t first_step);
  std::optional<Batch> next() override;

 private:
  Open open_;
  uint64_t seed_;
  int64_t step_;  // of the next batch
  std::unique_ptr<Stream<Batch>> stretch_;
};

// How often things are done, in steps; 0: never. All are done at the last step, too.
struct TrainLoopOptions {
  std::filesystem::path output_dir;             // metrics.jsonl, model-<step>.safetensors
  int64_t progress_freq = 100;                  // losses on the screen and in metrics.jsonl
  int64_t save_freq = 5000;                     // checkpoints
  int64_t validation_freq = 1000;               // what `validate` measures, in metrics.jsonl
  std::map<std::string, std::string> metadata;  // of checkpoints
  std::function<std::vector<std::pair<std::string, double>>()> validate;  // may be empty
};

class TrainLoop {
 public:
  // Goes on from the trainer's step.
  TrainLoop(Trainer& trainer, Stream<Batch>& batches, TrainLoopOptions options);
  ~TrainLoop();

  // Up to the hyperparameter max_steps. Throws DivergedError once losses or weights are not finite, and
  // InterruptedError after a checkpoint was saved where the user asked to stop.
  void run();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

// Fills the trainer from a checkpoint of it: weights, Adam's moments, step and draws. The draws of another
// kind of device cannot be continued, they start anew (with a warning).
void resume(Trainer& trainer, const std::filesystem::path& checkpoint);

}  // namespace savp
