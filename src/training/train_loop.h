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

#include "checkpoints/run_dir.h"
#include "core/video.h"
#include "datasets/stream.h"
#include "training/trainer.h"

namespace savp {

// How often things are done, in steps; 0: never. All are done at the last step, too.
struct TrainLoopOptions {
  std::filesystem::path output_dir;             // metrics.jsonl, model-<step>.safetensors
  int64_t progress_freq = 100;                  // losses on the screen and in metrics.jsonl
  int64_t save_freq = 5000;                     // checkpoints
  int64_t validation_freq = 1000;               // what `validate` measures, in metrics.jsonl
  Retention retention = {};                     // which checkpoints stay
  std::map<std::string, std::string> metadata;  // of checkpoints
  std::function<std::string()>
      data_position;  // where the batches stand, saved as "data_position"; may be empty
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

}  // namespace savp
