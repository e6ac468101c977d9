// The checkpoint that does best in validation, kept beside the last ones.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkpoints/run_dir.h"
#include "core/video.h"
#include "metrics/metrics.h"
#include "training/sinks.h"
#include "training/trainer.h"

namespace savp {

struct BestCheckpoint {
  std::string metric;                           // "psnr": a name among the values of validation
  RunDescription description;                   // of the run
  std::map<std::string, std::string> metadata;  // of its checkpoints
};

// What validation measures: metrics(), and the metric of frames that --keep_best asks for. Throws UsageError
// where there is no such metric or loss ("g_loss"), or it cannot be measured of frames of this shape,
// DataError where its network is missing in the folder `networks` (as metric_weights_folder() takes it).
std::vector<Metric> validated_metrics(const std::optional<std::string>& keep_best,
                                      const TrainHparams& hparams, const VideoShape& shape,
                                      const at::Device& device,
                                      const std::optional<std::string>& networks = {});

// A sink that saves the trainer's variables in the folder "best" of the run's folder, each time that the
// value of the metric in the group "val" is better than ever. The folder has the run's description, so that
// it is opened like a run. A run that continues starts from the best so far; that of a later step is set
// aside. The trainer must outlive it. Throws UsageError where validation knows no such metric.
MakeSink best_checkpoint(Trainer& trainer, BestCheckpoint options);

}  // namespace savp
