#include "savp/cli/generate.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <vector>

#include "savp/core/log.h"
#include "savp/evaluation/results.h"

namespace savp::cli {
namespace {

namespace fs = std::filesystem;

// Futures drawn as one batch; more are drawn in turn, so that memory does not grow with their number.
constexpr int64_t kSamplesAtOnce = 16;

Run open_run(const GenerateOptions& options) {
  SAVP_CHECK(!options.input_dir || !options.input_video, UsageError,
             "--input_dir and --input_video cannot both be given: continue records or a video");
  SAVP_CHECK(options.input_dir || options.input_video, UsageError,
             "--input_dir DIR (records) or --input_video PATH (a video to continue) must be given");
  auto input = options.input_video
                   ? open_clip_input(options, {*options.input_video, options.start_frame, options.video_fps})
                   : open_dataset_input(options);
  return {options, std::move(input), options.sequence_length};
}

// Fills in the folders that follow from others.
void settle_folders(GenerateOptions& options, const std::string& name) {
  if (!options.results_gif_dir) options.results_gif_dir = options.results_dir;
  if (!options.results_png_dir) options.results_png_dir = options.results_dir;
  if (!options.output_gif_dir) options.output_gif_dir = (fs::path(*options.results_gif_dir) / name).string();
  if (!options.output_png_dir) options.output_png_dir = (fs::path(*options.results_png_dir) / name).string();
}

// What follows the context, [F, S * B, C, H, W].
Tensor futures(Run& run, const Batch& batch, int64_t samples) {
  std::vector<Tensor> portions;
  run.sample(batch, samples, kSamplesAtOnce,
             [&](const Tensor& images) { portions.push_back(images.slice(0, run.context_frames() - 1)); });
  return at::cat(portions, 1);
}

}  // namespace

void generate(const GenerateOptions& given) {
  auto options = given;
  auto run = open_run(options);
  settle_folders(options, run.name());
  PredictionWriter writer({.gif_folder = *options.output_gif_dir,
                           .png_folder = *options.output_png_dir,
                           .gif_length = options.gif_length,
                           .fps = static_cast<double>(options.fps)},
                          run.description(to_json(options)));
  while (const auto batch = run.next_batch()) {
    log::info(
        concat("futures of samples ", writer.videos(), " to ", writer.videos() + batch->batch_size() - 1));
    writer.add(batch->images.slice(0, 0, run.context_frames()),
               futures(run, *batch, options.num_stochastic_samples));
  }
  log::info(concat(
      writer.videos(), " x ", options.num_stochastic_samples, " futures are in ", *options.output_gif_dir,
      *options.output_gif_dir == *options.output_png_dir ? "" : " and " + *options.output_png_dir,
      run.skipped_summary()));
}

}  // namespace savp::cli
