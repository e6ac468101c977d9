// On small data.
#include "cli/extremes.h"

#include "cli/bench.h"
#include "cli/evaluate.h"
#include "cli/generate.h"
#include "cli/train.h"
#include "cli/video_bench.h"

namespace savp {
namespace {

const std::string kBair = SAVP_TEST_DATA "/golden/data/A_datasets/bair";

const Arguments kInput = {"--input_dir", kBair,       "--mode", "test",     "--model",
                          "repeat",      "--dataset", "bair",   "--device", "cpu"};

TEST(Extremes, OfEvaluate) {
  auto arguments = kInput;
  arguments.insert(arguments.end(), {"--dataset_hparams", "sequence_length=4", "--only_metrics"});
  try_all<cli::EvaluateOptions>(arguments, cli::evaluate);
}

TEST(Extremes, OfGenerate) {
  auto arguments = kInput;
  arguments.insert(arguments.end(), {"--sequence_length", "4", "--num_stochastic_samples", "1"});
  try_all<cli::GenerateOptions>(arguments, cli::generate);
}

TEST(Extremes, OfTrain) {
  const ScratchFolder data;
  std::filesystem::create_directories(data / "bair");
  std::filesystem::copy(kBair + "/test", data / "bair/train", std::filesystem::copy_options::recursive);
  // In a file: as --model_hparams they would be gone with an empty one, and the published network be trained.
  data.write("small.json", R"({"batch_size": 1, "ngf": 4, "nef": 4, "ndf": 4, "nz": 2, "n_layers": 1,
                               "clip_length": 4, "max_steps": 1})");
  try_all<cli::TrainOptions>(
      {"--input_dir", (data / "bair").string(), "--output_dir", "run", "--dataset_hparams",
       "sequence_length=6,crop_size=32", "--summary_freq", "0", "--image_summary_freq", "0",
       "--eval_summary_freq", "0", "--accum_eval_summary_freq", "0", "--device", "cpu",
       "--model_hparams_dict", (data / "small.json").string()},
      cli::train);
}

TEST(Extremes, OfBench) {
  try_all<cli::BenchOptions>(
      {"--what", "conv", "--iterations", "1", "--warmup", "0", "--batch_size", "1", "--size", "16",
       "--model_hparams", "ngf=4"},
      [](const cli::BenchOptions& options) { cli::bench(options, cli::bench_videos); });
}

}  // namespace
}  // namespace savp
