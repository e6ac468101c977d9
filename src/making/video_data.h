// One's own videos, frames or arrays as a data set.
#pragma once

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

struct VideoDataOptions {
  using Self = VideoDataOptions;
  static constexpr const char* kAbout =
      "makes a data set, read as video, from video files (mp4, avi, gif, webm, ...), folders of frames, and "
      "arrays (npz or npy: images [sequences, frames, height, width, channels] or one episode [frames, "
      "height, width, channels], uint8 or float from 0 to 1, and optionally actions and states) and HDF5 "
      "files (robomimic's, RoboNet's and the like); actions and states of a video may lie beside it (a.mp4 "
      "and a.npz or a.csv)";
  static constexpr const char* kExample =
      "savp_preprocess videos --input_dir ~/Videos --output_dir data/mine --size 64";

  HPARAM_GROUP(input, "Input");
  HPARAM(std::string, input_dir, "", "folder that is searched for videos and arrays, or one such file",
         Required{"DIR"});
  HPARAM(bool, skip_bad_videos, false, "leave damaged files out instead of stopping");
  HPARAM(std::string, image_key, "",
         "name of the array that holds the frames of an .npz or HDF5 file; empty: the usual one, or the "
         "only one that can be",
         Metavar{"NAME"});
  HPARAM(
      std::string, action_key, "",
      "name of the actions (array, or columns like NAME_0); several, joined by +, stand side by side; empty: "
      "actions or action",
      Metavar{"NAME"});
  HPARAM(std::string, state_key, "", "the same of the states; empty: states or state", Metavar{"NAME"});
  HPARAM(std::string, array_axes, "",
         "axes of the arrays: N sequences, T frames, H height, W width, C channels, as in NTHWC or TNHW; "
         "empty: detected from the shape",
         Metavar{"AXES"});
  HPARAM_GROUP(output, "Output");
  HPARAM(std::string, output_dir, "data/mine", "folder to create, with train, val and test in it",
         Metavar{"DIR"});
  HPARAM(bool, overwrite, false, "replace an existing data set");
  HPARAM_GROUP(frames, "Frames (those of npz and npy files are taken as they are)");
  HPARAM(std::string, size, "64",
         "size of the frames (pixels): a side, or HEIGHTxWIDTH; the centre of each frame is cropped to this "
         "aspect ratio, then resized; 0: as stored",
         Metavar{"SIZE"});
  HPARAM(bool, gray, false, "one grayscale channel instead of red, green and blue");
  HPARAM(double, fps, 0, "frames per second taken from the files; 0: every frame", (Between{0, 1000}));
  HPARAM_GROUP(clips, "Clips");
  HPARAM(int64_t, clip_length, 64, "longer videos are cut into clips of this many frames",
         (Between{2, limits::kFrames}));
  HPARAM(int64_t, min_length, 12, "shorter videos and remainders are left out (frames)",
         (Between{2, limits::kFrames}));
  HPARAM_GROUP(split, "Split by file, unless there are folders train, val or test");
  HPARAM(double, val_fraction, 0.1, "share of the files for validation, at least one", (Between{0, 1}));
  HPARAM(double, test_fraction, 0.1, "share of the files for testing, at least one", (Between{0, 1}));
  HPARAM(bool, split_within_videos, false,
         "with too few files for train, val and test, divide each video by time (scores will look better "
         "than they are)");
  HPARAM(int64_t, seed, 0, "random seed of the split", AtLeast{0});
  HPARAM_GROUP(work, "Work");
  HPARAM(int64_t, threads, 0, "files read at once; 0: one per core", (Between{0, limits::kThreads}));
};

void make_video_data(const VideoDataOptions& options);

}  // namespace savp
