// One's own videos, frames or arrays as a data set.
#pragma once

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct VideoDataOptions {
  using Self = VideoDataOptions;
  static constexpr const char* kAbout =
      "makes a data set, readable as video, from video files (mp4, avi, gif, webm, ...), folders of frames, "
      "and "
      "arrays (npz or npy: images [sequences, frames, height, width, channels] or one episode [frames, "
      "height, width, "
      "channels], uint8 or float from 0 to 1, and optionally actions and states)";
  static constexpr const char* kExample =
      "savp_preprocess videos --input_dir ~/Videos --output_dir data/mine --size 64";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder that is searched for videos and arrays, or one such file",
         Required{"DIR"});
  HPARAM(bool, skip_bad_videos, false, "leave damaged files out instead of stopping");
  HPARAM(
      std::string, image_key, "",
      "name of the array that holds the frames of an .npz file; empty: images, or the only one that can be",
      Metavar{"NAME"});
  HPARAM(std::string, array_axes, "",
         "what the axes of arrays are: N sequences, T frames, H height, W width, C channels, as in NTHWC or "
         "TNHW; "
         "empty: detected from the shape",
         Metavar{"AXES"});
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/mine", "folder to make, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace a data set that is there already");
  HPARAM_GROUP(pictures, "Pictures (arrays are taken as they are)");
  HPARAM(
      std::string, size, "64",
      "pixels: a side, or HEIGHTxWIDTH; the middle of each frame is cut to this aspect, then resized; 0: as "
      "stored",
      Metavar{"SIZE"});
  HPARAM(bool, gray, false, "one channel instead of red, green and blue");
  HPARAM(double, fps, 0, "frames a second to take out of files; 0: every frame", (Between{0, 1000}));
  HPARAM_GROUP(clips, "Clips");
  HPARAM(int64_t, clip_length, 64, "longer videos are cut into clips of this many frames",
         (Between{2, limits::kFrames}));
  HPARAM(int64_t, min_length, 12, "shorter videos and remainders are left out, frames",
         (Between{2, limits::kFrames}));
  HPARAM_GROUP(split, "Split by file, unless there are folders train, val or test");
  HPARAM(double, val_fraction, 0.1, "share of the files to validate on, at least one", (Between{0, 1}));
  HPARAM(double, test_fraction, 0.1, "share of the files to test on, at least one", (Between{0, 1}));
  HPARAM(bool, split_within_videos, false,
         "where there are too few files for train, val and test: divide each video by time (scores will look "
         "better "
         "than they are)");
  HPARAM(int64_t, seed, 0, "of the choice of files", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "files read at once; 0: one a core", (Between{0, limits::kThreads}));
};

void make_video_data(const VideoDataOptions& options);

}  // namespace savp
