// savp_generate: possible futures of videos, as GIFs and PNGs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/predicting.h"
#include "core/hparams.h"
#include "core/limits.h"
#include "evaluation/future_grids.h"

namespace savp::cli {

// With the names and defaults of the published program, and --input_video, --start_frame, --video_fps.
struct GenerateOptions : PredictOptions {
  using Self = GenerateOptions;
  static constexpr const char* kAbout =
      "shows what may happen next: several futures for each sequence of a data set, or for the start of a "
      "video of one's own, as GIFs (context and future) and PNGs (future), and all of them side by side, "
      "enlarged and labelled, in the folder grids.";
  static constexpr const char* kExample = "savp_generate --checkpoint logs/bair --input_video clip.mp4";

  HPARAM_GROUP(clip, "A video instead of a data set");
  HPARAM(Text, input_video, std::nullopt,
         "video file, GIF or folder of frames to continue (its middle is cut out and resized as the model "
         "needs it; actions and states lie beside it, in an .npz or .csv file of its name), or "
         "arrays (.npz, .npy: the first sequence, as it is, with its actions and states)",
         Metavar{"PATH"});
  HPARAM(int64_t, start_frame, 0, "the first of its frames shown to the model", (Between{0, 1e8}));
  HPARAM(double, video_fps, 0.0, "frames a second to pick out of it; 0: every frame", (Between{0, 1000}));

  HPARAM_GROUP(futures, "Futures");
  HPARAM(int64_t, num_stochastic_samples, 5, "futures of each sequence", (Between{1, limits::kFutures}));
  HPARAM(std::optional<int64_t>, sample, std::nullopt,
         "draw this one of them alone, the same as it was among many; samples.json has the numbers",
         (Between{0, limits::kFutures}));
  HPARAM(
      Text, actions, std::nullopt,
      "act from each start in several ways and compare: a CSV file (a line a predicted frame: name of the "
      "plan, numbers of the action) or an .npz file with actions [plans, frames, numbers]; one future each",
      Metavar{"PATH"});
  HPARAM(std::optional<int64_t>, gif_length, std::nullopt, "frames of a GIF; default: all",
         (Between{1, limits::kFrames}));
  HPARAM(int64_t, fps, 4, "frames a second in a GIF; programs show faster ones slowly", (Between{1, 50}));
  HPARAM(GifPalette, gif_palette, GifPalette::kVideo,
         "whose best 255 colours a GIF's frames have: those of the whole video, or each its own, which are "
         "truer and may flicker");

  HPARAM_GROUP(grids, "Grids: what was given, what happened, what may happen");
  HPARAM(std::vector<GridFormat>, format, (std::vector<GridFormat>{GridFormat::kGif, GridFormat::kStrip}),
         "what to write of each sequence: gif, mp4, webm, png (a picture a frame), strip (all frames in one "
         "picture), npz (arrays)");
  HPARAM(int64_t, grid_futures, 10, "futures of each sequence in its grid, the first; 0: no grids",
         (Between{0, 64}));
  HPARAM(int64_t, grid, 0, "sequences to show together as well, the first, a row each: overview.gif",
         (Between{0, 64}));
  HPARAM(int64_t, scale, 4, "pixels of a grid, in height and width, a pixel of the video", (Between{1, 16}));
  HPARAM(Enlarging, enlarging, Enlarging::kNearest, "how pixels are enlarged");

  HPARAM_GROUP(output, "Output");
  HPARAM(bool, no_single_files, false, "grids alone, without a GIF and PNGs of each future");
  HPARAM(std::string, results_dir, "results", "folder in which a folder named after the checkpoint is made",
         Metavar{"DIR"});
  HPARAM(Text, results_gif_dir, std::nullopt, "the same for GIFs alone", Metavar{"DIR"});
  HPARAM(Text, results_png_dir, std::nullopt, "the same for PNGs alone", Metavar{"DIR"});
  HPARAM(Text, output_gif_dir, std::nullopt, "the exact folder for GIFs", Metavar{"DIR"});
  HPARAM(Text, output_png_dir, std::nullopt, "the exact folder for PNGs", Metavar{"DIR"});
  HPARAM(Text, output_grid_dir, std::nullopt,
         "the folder that has grids in it; default: that of the GIFs, where PNGs go there too, else "
         "in --results_dir",
         Metavar{"DIR"});
};

// Throws what savp::cli::run turns into a message and an exit code.
void generate(const GenerateOptions& options);

}  // namespace savp::cli
