// Episodes of robots in HDF5 files:
//  - robomimic's: groups data/demo_0, data/demo_1, ..., in each obs/<camera> [frames, height, width, 3],
//    actions [frames, numbers] and states;
//  - RoboNet's: one episode a file, env/cam0_video/frames (a video file's bytes) or env/cam0_video/frame0,
//    frame1, ... (JPEG), policy/actions and env/state;
//  - others: one episode a file, frames as in one of these or as a list of JPEG or PNG images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "io/video.h"
#include "making/step_numbers.h"

namespace savp {

class Hdf5Episodes {
 public:
  virtual ~Hdf5Episodes() = default;

  virtual int64_t count() const = 0;
  virtual std::string place(int64_t episode) const = 0;  // "a.hdf5, data/demo_3"
  // This object must live longer.
  virtual std::unique_ptr<FrameSource> frames(int64_t episode, const VideoOptions& options) const = 0;
  virtual StepNumbers numbers(int64_t episode) const = 0;

  // Whether the file divides its episodes, by lists mask/train, mask/valid and the like (as robomimic's may).
  virtual bool divided() const = 0;
  // The split (index into kSplitNames) where it does; nothing for an episode that is in no list.
  virtual std::optional<int> split(int64_t episode) const = 0;
};

// The camera and the numbers are named by their path within the episode, or what stands behind obs/, env/,
// policy/ or observations/ in it. Throws DataError where it is not clear which array holds the frames.
std::unique_ptr<Hdf5Episodes> open_hdf5_episodes(const std::filesystem::path& path,
                                                 const std::string& image_key, const NumberKeys& keys);

// Whether the file has something like frames in it; throws DataError for one that is damaged.
bool hdf5_may_hold_frames(const std::filesystem::path& path);

}  // namespace savp
