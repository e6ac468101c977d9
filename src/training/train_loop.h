// What happens between steps, as rows of Periodic: progress, a watch over the losses, whatever a run adds
// (validation, summaries), checkpoints; and a clean stop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/run_dir.h"
#include "core/interrupt.h"
#include "core/video.h"
#include "datasets/stream.h"
#include "training/communicator.h"
#include "training/periodic.h"
#include "training/sinks.h"
#include "training/trainer.h"

namespace savp {

// How often things are done, in steps; 0: never. All are done at the last step, too.
struct TrainLoopOptions {
  std::filesystem::path output_dir;             // model-<step>.safetensors, and what the sinks write; empty:
                                                // nothing is saved
  int64_t progress_freq = 100;                  // losses and speed, to the sinks
  int64_t save_freq = 5000;                     // checkpoints
  int64_t max_bad_steps = 20;                   // in a row (LossWatch), then training is lost
  Retention retention = {};                     // which checkpoints stay, besides the last good one
  std::map<std::string, std::string> metadata;  // of checkpoints
  std::function<std::string()>
      data_position;                // where the batches stand, saved as "data_position"; may be empty
  std::vector<Periodic> more = {};  // done after the losses are known and before a checkpoint is saved
  std::vector<Periodic> after_saving = {};  // what takes so long that a checkpoint should be safe before
  std::vector<std::pair<std::string, std::string>> texts = {};  // SinkOrigin::texts
  std::vector<MakeSink> sinks = usual_sinks();
  std::function<bool()> asked_to_stop = interrupted;
};

// Of a process that only computes: it takes the same steps as the one that writes, so that it asks for the
// same draws, and keeps nothing.
void keep_nothing(TrainLoopOptions& options);

class TrainLoop {
 public:
  // Continues from the trainer's step.
  TrainLoop(Trainer& trainer, Stream<Batch>& batches, TrainLoopOptions options);
  ~TrainLoop();

  // Up to the hyperparameter max_steps. Throws
  //  - DivergedError where training is lost (Health): it names the last good checkpoint, which stays whatever
  //    the retention says, and none is saved in the middle of bad steps;
  //  - InterruptedError where the user asked to stop, after a checkpoint was saved;
  //  - what the batches throw, after a checkpoint was saved.
  void run();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

// Until all processes have come to the end of the run in the folder. Where one is lost, what is thrown
// (PeerError) says what the user can do.
void run_together(TrainLoop& loop, Communicator& team, const std::filesystem::path& output_dir);

}  // namespace savp
