// What savp_train would do, and what a step costs here.
#pragma once

#include <torch/nn/module.h>

#include <string>

#include "core/hparams.h"
#include "core/video.h"
#include "datasets/stream.h"
#include "training/trainer.h"

namespace savp::cli {

// Numbers that training changes.
int64_t parameter_count(const torch::nn::Module& module);

// What is trained, for the reader's eyes.
struct DryRun {
  std::string model;       // "savp with hparams/kth/ours_savp"
  std::string data;        // "bair in data/bair"
  std::string output_dir;  // that would be written to
  VideoShape shape;
  TrainerOptions options;  // device and how it is used
  Json dataset_hparams, model_hparams;
};

// Runs some steps and prints all of that, their time and the memory to standard output. The trainer is of no
// use afterwards.
void dry_run(const DryRun& what, Trainer& trainer, Stream<Batch>& batches);

}  // namespace savp::cli
