// savp_train: a data set, a model and a folder to keep what is learnt.
#pragma once

#include <optional>
#include <string>

#include "savp/core/hparams.h"

namespace savp::cli {

// With the names and defaults of the published program.
struct TrainOptions {
  using Self = TrainOptions;
  static constexpr const char* kAbout =
      "trains a model of stochastic video prediction. The data set and good hyperparameters for it are found "
      "by looking "
      "at --input_dir where they are not given.";
  static constexpr const char* kExample = "savp_train --input_dir data/bair --output_dir logs/bair";
  using Text = std::optional<std::string>;

  HPARAM_GROUP(data, "Data");
  HPARAM(std::string, input_dir, "",
         "folder of record files, or of videos, folders of frames or arrays (.npz, .npy); subfolders train "
         "and val may divide them",
         Required{"DIR"});
  HPARAM(Text, val_input_dir, std::nullopt, "the same for validation; --input_dir unless given",
         Metavar{"DIR"});
  HPARAM(Text, dataset, std::nullopt, "what the records are; inferred unless given", Metavar{"NAME"});
  HPARAM(Text, dataset_hparams, std::nullopt,
         "hyperparameters of the data set, \"name=value,name=value\"; these win", Metavar{"TEXT"});
  HPARAM(Text, dataset_hparams_dict, std::nullopt, "JSON file with hyperparameters of the data set",
         Metavar{"FILE"});

  HPARAM(int64_t, data_threads, 2, "threads that read and decode records", AtLeast{0});
  HPARAM(bool, skip_bad_records, false,
         "go on after a damaged record, or a damaged file of your own, with a warning, instead of stopping");

  HPARAM_GROUP(model, "Model");
  HPARAM(Text, model, std::nullopt, "savp with the hyperparameters published for the data set unless given",
         Metavar{"NAME"});
  HPARAM(Text, model_hparams, std::nullopt,
         "hyperparameters of the model, \"lr=1e-4,kernel_size=[5,5]\"; these win", Metavar{"TEXT"});
  HPARAM(Text, model_hparams_dict, std::nullopt, "JSON file with hyperparameters of the model",
         Metavar{"FILE"});

  HPARAM(
      Text, vgg_weights, std::nullopt,
      "weights of VGG-16 for the perceptual loss (vgg_cdist_weight): safetensors, with torchvision's names",
      Metavar{"FILE"});

  HPARAM_GROUP(output, "Output");
  HPARAM(Text, output_dir, std::nullopt,
         "the run's folder: JSON files, metrics.jsonl, checkpoints; a folder in --logs_dir named after the "
         "model and "
         "--model_hparams unless given",
         Metavar{"DIR"});
  HPARAM(std::string, logs_dir, "logs", "where such folders are made", Metavar{"DIR"});
  HPARAM(std::string, output_dir_postfix, "", "end of such a folder's name", Metavar{"TEXT"});

  HPARAM_GROUP(start, "Where to start");
  HPARAM(Text, checkpoint, std::nullopt,
         "a run's folder or one of its checkpoints (logs/bair/model-200000) whose weights, step and "
         "hyperparameters are "
         "taken over",
         Metavar{"PATH"});
  HPARAM(bool, resume, false, "go on from the latest checkpoint in the run's folder");

  HPARAM_GROUP(often, "How often, in steps (0: never)");
  HPARAM(int64_t, progress_freq, 100, "losses are printed and added to metrics.jsonl", AtLeast{0});
  HPARAM(int64_t, save_freq, 5000, "a checkpoint is saved; the last two are kept", AtLeast{0});
  HPARAM(int64_t, summary_freq, 1000, "metrics of a validation batch are added to metrics.jsonl", AtLeast{0});
  HPARAM(int64_t, image_summary_freq, 5000, "accepted, without effect: pictures are made by savp_generate",
         AtLeast{0});
  HPARAM(int64_t, eval_summary_freq, 25000,
         "accepted, without effect: best of many samples is measured by savp_evaluate", AtLeast{0});
  HPARAM(int64_t, accum_eval_summary_freq, 100000,
         "accepted, without effect: the whole validation set is measured by savp_evaluate", AtLeast{0});

  HPARAM_GROUP(machine, "Machine");
  HPARAM(std::optional<int64_t>, seed, std::nullopt,
         "of the first weights, the draws and the order of the data; a new one each time unless given",
         AtLeast{0});
  HPARAM(int64_t, aggregate_nccl, 0, "accepted, without effect: one GPU is used", AtLeast{0});
  HPARAM(double, gpu_mem_frac, 0.0, "largest share of the GPU's memory to use; 0: no limit", (Between{0, 1}));
};

// Throws what savp::cli::run turns into a message and an exit code.
void train(const TrainOptions& options);

// The last part of the run's folder where none is given, by the published rule: "model.savp.lr.0.001".
std::string run_name(const std::optional<std::string>& model,
                     const std::optional<std::string>& model_hparams);

}  // namespace savp::cli
