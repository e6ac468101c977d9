#include "cli/generate.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/log.h"
#include "core/text.h"
#include "evaluation/results.h"
#include "training/progress.h"

namespace savp::cli {
namespace {

// Drawn as one batch and written at once, so that memory does not grow with the number of samples.
constexpr int64_t kRolloutsAtOnce = 16;

Predicting open(const GenerateOptions& options) {
  SAVP_CHECK(!options.input_dir || !options.input_video, UsageError,
             "--input_dir and --input_video cannot both be given: continue records or a video");
  SAVP_CHECK(options.input_dir || options.input_video, UsageError,
             "--input_dir DIR (records) or --input_video PATH (a video to continue) must be given");
  if (options.input_video)
    return Predicting::open_clip(options, {*options.input_video, options.start_frame, options.video_fps});
  return Predicting::open_dataset(options, Reach::kBeyond);
}

// Fills in the folders that follow from others.
void settle_folders(GenerateOptions& options, const std::string& name) {
  const auto settle = [&](std::optional<std::string>& output, std::optional<std::string>& results) {
    if (!results) results = options.results_dir;
    output = results_folder(ResultKind::kFutures, output, *results, name).string();
  };
  settle(options.output_gif_dir, options.results_gif_dir);
  settle(options.output_png_dir, options.results_png_dir);
}

// Draws and writes the futures of all videos.
void draw(Predicting& run, PredictionWriter& writer, int64_t samples) {
  Progress progress(0, run.videos() * samples, ::isatty(STDERR_FILENO) == 1);
  int64_t drawn = 0;
  while (const auto batch = run.next_batch()) {
    const auto videos = batch->batch_size(), first = writer.videos();
    progress.say(concat("futures of samples ", first, " to ", first + videos - 1, " of ", run.videos(), "  ",
                        progress.time_left(drawn)));
    writer.begin(batch->images.slice(0, 0, run.context_frames()));
    run.sample(*batch, samples, std::max<int64_t>(1, kRolloutsAtOnce / videos), [&](const Tensor& images) {
      writer.add(images);
      progress.advance(drawn += images.size(1));
    });
  }
}

}  // namespace

void generate(const GenerateOptions& given) {
  auto options = given;
  auto run = open(options);
  settle_folders(options, run.name());
  PredictionWriter writer({.gif_folder = *options.output_gif_dir,
                           .png_folder = *options.output_png_dir,
                           .gif_length = options.gif_length,
                           .fps = static_cast<double>(options.fps)},
                          run.description(to_json(options)));
  draw(run, writer, options.num_stochastic_samples);
  const auto& input = options.input_video ? *options.input_video : *options.input_dir;
  SAVP_CHECK(writer.videos() > 0, DataError, input, ": there are no sequences to continue");
  writer.commit();
  log::info(
      concat(writer.videos(), " x ", counted(options.num_stochastic_samples, "future"), " are in ",
             *options.output_gif_dir,
             *options.output_gif_dir == *options.output_png_dir ? "" : " and " + *options.output_png_dir,
             run.skipped_summary()));
}

}  // namespace savp::cli
