// Videos as plain memory: what goes into a model and comes out of it, without types of other libraries.
//
// Everywhere a pixel's channels lie side by side (1: gray, 3: red, green, blue), then the pixels of a row,
// rows from the top down, frames in order, and videos one after the other, without gaps:
// [videos][frames][height][width][channels]. Brightness is a byte from 0 to 255 or a float from 0 to 1; a
// byte b stands for b / 255.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace savp {

// The sizes of one video.
struct VideoSize {
  int64_t frames = 0;
  int64_t height = 0;    // pixels
  int64_t width = 0;     // pixels
  int64_t channels = 3;  // 1 or 3

  // Numbers that the video consists of.
  int64_t values() const { return frames * height * width * channels; }
  bool operator==(const VideoSize&) const = default;
};

// A look at a video that someone else owns: size.values() bytes, or as many floats, which must stay as they
// are until the function that takes the view has returned. Nothing keeps a view for longer. Copying one
// copies no pixels.
struct VideoView {
  VideoView() = default;
  // Neither checks that so much memory is there.
  VideoView(const uint8_t* pixels, const VideoSize& video_size) : bytes(pixels), size(video_size) {}
  VideoView(const float* pixels, const VideoSize& video_size) : floats(pixels), size(video_size) {}

  const uint8_t* bytes = nullptr;  // one of the two is null
  const float* floats = nullptr;
  VideoSize size;
};

// Several videos of one size, which own their pixels: floats from 0 to 1. Values like any other: copies are
// independent; different objects may be used by different threads, and one by several that only read.
struct Videos {
  int64_t count = 0;          // videos
  VideoSize size;             // of each
  std::vector<float> pixels;  // [count][frames][height][width][channels]

  // One of them, or its frames from number `first` on; valid until `pixels` changes. Throws UsageError
  // (savp/error.h) for a number that is not there.
  VideoView video(int64_t number, int64_t first = 0) const;

  // The pixels of one video as bytes, [frames][height][width][channels]: floor(255 * value), values clipped
  // to 0..1, so that what was made of bytes gives the same bytes back. Throws UsageError as above.
  std::vector<uint8_t> bytes(int64_t number) const;
};

// The first frames of a video file (what FFmpeg reads: MP4, AVI, GIF, ...) or of a folder of pictures (in the
// order of their names), as one video. The middle of each frame is cut to the aspect of size.height x
// size.width and resized to it; 0 x 0 leaves them as stored. size.frames is how many are read; 0: all. Throws
// DataError where the file is missing, damaged or has fewer frames, and UsageError for sizes that cannot be;
// a library that was built without FFmpeg throws DataError, always. Any thread may call it.
Videos load_video(const std::string& path, const VideoSize& size = {});

// Writes videos as one animated GIF, side by side, each frame shown for 1 / fps seconds (fps from 0.1 to 50),
// repeated for ever. The file appears whole or not at all; missing folders are made. Throws UsageError for no
// videos and for another fps, DataError where it cannot be written (ExitCode::kOutOfMemory: a full disk). Any
// thread may call it.
void save_gif(const std::string& path, const Videos& videos, double fps = 8);

}  // namespace savp
