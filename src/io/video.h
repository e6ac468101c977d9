// Videos as sequences of pictures: files that FFmpeg's libraries can decode, and folders of frames.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "io/image.h"

namespace savp {

struct VideoOptions {
  int64_t height = 0;    // pixels; the middle is cut to this aspect, then resized; 0 (both): as stored
  int64_t width = 0;     // pixels
  int64_t channels = 3;  // 1 gray, 3 RGB
  double fps = 0;        // frames a second to pick out of a file; 0 and for folders: every frame
  // As the ffmpeg program converts unasked, for data sets that were made with it: stretched to the size (not
  // cut to its aspect), bicubically and in one pass with the colours, whatever the shape of a pixel.
  bool plain = false;
};

// Where frames come from, with the time each is shown.
struct TimedPicture {
  Picture picture;
  double seconds = 0;  // since the first frame
};
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  // None after the last frame.
  virtual std::optional<TimedPicture> next() = 0;
  // Frames a second; 0: not known.
  virtual double fps() const = 0;
};

// The frames of a video, in order. All of it or an error: a file that is damaged or truncated throws
// DataError with the file, the frame and the cause, since what is missing would pass for the end of the
// scene. Frames are turned and mirrored as the file's display matrix says, and oblong pixels made square,
// unless `plain`.
class VideoReader {
 public:
  // `path` is a file or a folder of pictures of one size, which come in the order of their names: numbers by
  // value, decimals included. Names that allow two orders are an error.
  explicit VideoReader(const std::filesystem::path& path, const VideoOptions& options = {});
  // Frames from elsewhere.
  VideoReader(std::unique_ptr<FrameSource> source, const VideoOptions& options);

  // None after the last frame.
  std::optional<Picture> next();

  // Of the frames delivered; 0: not known.
  double fps() const { return options_.fps > 0 && source_->fps() > 0 ? options_.fps : source_->fps(); }

 private:
  std::optional<Picture> pick();

  VideoOptions options_;
  std::unique_ptr<FrameSource> source_;
  std::optional<TimedPicture> shown_, upcoming_;  // when picking by time
  int64_t picked_ = 0;
};

// All frames, or the first `at_most`.
std::vector<Picture> read_video(const std::filesystem::path& path, const VideoOptions& options = {},
                                std::optional<int64_t> at_most = std::nullopt);

// Whether the content looks like a video; such a file may still turn out to be damaged.
bool is_video_file(const std::filesystem::path& path);

// Whether the content can be nothing else: a container with a mark of its own, opened, with frames in it. For
// files whose names do not say what they are.
bool surely_is_video_file(const std::filesystem::path& path);

// Whether a folder directly holds pictures.
bool is_frame_folder(const std::filesystem::path& path);

}  // namespace savp
