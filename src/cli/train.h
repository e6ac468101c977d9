// savp_train: a data set, a model and a folder to keep what is learnt.
#pragma once

#include <optional>
#include <string>

#include "checkpoints/metric_networks.h"
#include "core/hparams.h"
#include "core/limits.h"
#include "core/precision.h"

namespace savp::cli {

// With the names and defaults of the published program.
struct TrainOptions {
  using Self = TrainOptions;
  static constexpr const char* kAbout =
      "trains a model of stochastic video prediction. The data set and good hyperparameters for it are "
      "detected from --input_dir where they are not given.";
  static constexpr const char* kExample = "savp_train --input_dir data/bair --output_dir logs/bair";
  using Text = std::optional<std::string>;

  HPARAM_GROUP(data, "Data");
  HPARAM(std::string, input_dir, "",
         "folder of record files, or of videos, folders of frames or arrays (.npz, .npy); subfolders train "
         "and val may divide them",
         Required{"DIR"});
  HPARAM(Text, val_input_dir, std::nullopt, "the same for validation; default: --input_dir", Metavar{"DIR"});
  HPARAM(Text, dataset, std::nullopt, "what the records are; default: detected", Metavar{"NAME"});
  HPARAM(Text, dataset_hparams, std::nullopt,
         "hyperparameters of the data set, \"name=value,name=value\"; these win", Metavar{"TEXT"});
  HPARAM(Text, dataset_hparams_dict, std::nullopt, "JSON file with hyperparameters of the data set",
         Metavar{"FILE"});

  HPARAM(int64_t, data_threads, 2, "threads that read and decode records", (Between{0, limits::kThreads}));
  HPARAM(
      bool, skip_bad_records, false,
      "continue after a damaged record, or a damaged file of your own, with a warning, instead of stopping");

  HPARAM_GROUP(model, "Model");
  HPARAM(Text, model, std::nullopt, "default: savp, with the hyperparameters published for such data",
         Metavar{"NAME"});
  HPARAM(Text, preset, std::nullopt,
         "hyperparameters of savp to start from: small (minutes on a CPU, for a first look), or the name of "
         "published ones (bair/ours_savp, see --help_hparams); default: chosen by the data",
         Metavar{"NAME"});
  HPARAM(Text, model_hparams, std::nullopt,
         "hyperparameters of the model, \"lr=1e-4,kernel_size=[5,5]\"; these win", Metavar{"TEXT"});
  HPARAM(Text, model_hparams_dict, std::nullopt, "JSON file with hyperparameters of the model",
         Metavar{"FILE"});

  HPARAM(Text, vgg_weights, std::nullopt,
         "weights of VGG-16 for the perceptual loss (vgg_cdist_weight): safetensors with torchvision's "
         "names, or torchvision's file (.pth, .pt); default: vgg16.safetensors of --metric_weights",
         Metavar{"FILE"});
  HPARAM(Text, metric_weights, std::nullopt, kMetricWeightsHelp, Metavar{"DIR"});

  HPARAM_GROUP(output, "Output");
  HPARAM(Text, output_dir, std::nullopt,
         "the run's folder: JSON files, metrics.jsonl, event files, checkpoints; default: a folder in "
         "--logs_dir named after the model and --model_hparams",
         Metavar{"DIR"});
  HPARAM(std::string, logs_dir, "logs", "where such folders are made", Metavar{"DIR"});
  HPARAM(std::string, output_dir_postfix, "", "end of such a folder's name", Metavar{"TEXT"});

  HPARAM_GROUP(start, "Where to start");
  HPARAM(Text, checkpoint, std::nullopt,
         "a run's folder or one of its checkpoints (logs/bair/model-200000) whose weights, step and "
         "hyperparameters are taken over; an optimizer and discriminators that it lacks start fresh. With "
         "commas between several, the last that has a variable counts. A checkpoint of --output_dir itself "
         "continues that run",
         Metavar{"PATH"});
  HPARAM(
      bool, dry_run, false,
      "print what would be trained, with all hyperparameters, and the time and memory of a step; nothing is "
      "written but the cache of your own videos");
  HPARAM(bool, resume, false, "continue from the latest checkpoint in the run's folder");
  HPARAM(std::optional<int64_t>, from_step, std::nullopt,
         "with --resume: continue from the checkpoint of this step; later ones are set aside", AtLeast{0});

  HPARAM_GROUP(often, "How often, in steps (0: never)");
  HPARAM(int64_t, progress_freq, 100, "losses are printed and added to metrics.jsonl", AtLeast{0});
  HPARAM(int64_t, save_freq, 5000, "a checkpoint is saved", AtLeast{0});
  HPARAM(int64_t, summary_freq, 1000,
         "losses and metrics of the training batch and of --val_batches go into the event file, and those of "
         "the latter into metrics.jsonl",
         AtLeast{0});
  HPARAM(int64_t, image_summary_freq, 5000, "what is predicted goes into the event file as animated GIFs",
         AtLeast{0});
  HPARAM(int64_t, eval_summary_freq, 25000,
         "worst, mean and best of --eval_samples futures of a training and a validation batch", AtLeast{0});
  HPARAM(int64_t, accum_eval_summary_freq, 100000,
         "the same numbers over the whole validation set, and over the longer one (long_sequence_length "
         "of --dataset_hparams)",
         AtLeast{0});
  HPARAM(int64_t, histogram_freq, 0, "histograms of weights and gradients go into the event file",
         AtLeast{0});

  HPARAM_GROUP(validation, "How validation is done");
  HPARAM(int64_t, val_batches, 4, "validation batches, always the same, that --summary_freq looks at",
         (Between{1, limits::kSequences}));
  HPARAM(int64_t, eval_samples, 100,
         "futures of each sequence for --eval_summary_freq "
         "and --accum_eval_summary_freq",
         (Between{1, limits::kFutures}));

  HPARAM_GROUP(keeping, "What is kept, and when to stop");
  HPARAM(int64_t, keep, 2, "the newest checkpoints, damaged ones not counted; 0: all of them",
         (Between{0, 1000000}));
  HPARAM(
      int64_t, max_bad_steps, 20,
      "in a row after which training ends (exit code 5): updates left out because a loss or gradient is not "
      "finite, or losses a million times their running median",
      AtLeast{1});

  HPARAM(Text, keep_best, std::nullopt,
         "also keep the checkpoint with the best value of this metric in validation (psnr, ssim, mse, lpips, "
         "g_loss ...), in the folder best of the run's folder",
         Metavar{"METRIC"});

  HPARAM_GROUP(machine, "Machine");
  HPARAM(std::optional<int64_t>, seed, std::nullopt,
         "random seed for weights, sampling and data order; default: a new one each time", AtLeast{0});
  HPARAM(std::string, device, "auto",
         "auto (the GPUs that CUDA_VISIBLE_DEVICES leaves, else the CPU), cpu, cuda (one GPU a process), or "
         "cuda:1 for another GPU",
         Metavar{"DEVICE"});
  HPARAM(
      int64_t, processes, 0,
      "train together on this machine, each on its GPU and its part of every batch; 0: one a GPU that "
      "CUDA_VISIBLE_DEVICES leaves, or one on the CPU. torchrun, srun and mpirun start processes themselves",
      (Between{0, limits::kThreads}));
  HPARAM(int64_t, accumulate_steps, 1,
         "parts of equal size that each batch is computed in, one after the other, to save memory; there is "
         "one update with their mean gradients",
         (Between{1, limits::kSequences}));
  HPARAM(bool, recompute, false,
         "compute each time step of the generator again in backward instead of keeping its activations: less "
         "memory for more time, the same results");
  HPARAM(Text, plan_memory, std::nullopt,
         "print the largest batch_size that fits, with and without --recompute: into so much memory (16GiB, "
         "900MiB), or into that of the device (device); steps of small batches are tried for it, nothing is "
         "written but the cache of your own videos",
         Metavar{"SIZE"});
  HPARAM(int64_t, threads, 0, "of the CPU; 0: OMP_NUM_THREADS, else one a core",
         (Between{0, limits::kThreads}));
  HPARAM(Precision, precision, Precision::kFp32,
         "of convolutions and matrix products in training (tf32: on a GPU); the rest is fp32");
  HPARAM(bool, graph, false,
         "on a GPU: record the step once and replay it, which saves the time of launching each operation");
  HPARAM(double, gpu_mem_frac, 0.0, "largest share of the GPU's memory to use; 0: no limit", (Between{0, 1}));

  HPARAM_GROUP(ignored, "Ignored (kept for compatibility with the published program)");
  HPARAM(int64_t, aggregate_nccl, 0, "how several GPUs are joined: always by NCCL", AtLeast{0});
};

// Throws what savp::cli::run turns into a message and an exit code.
void train(const TrainOptions& options);

// The last part of the run's folder where none is given, by the published rule: "model.savp.lr.0.001".
std::string run_name(const std::optional<std::string>& model,
                     const std::optional<std::string>& model_hparams);

}  // namespace savp::cli
