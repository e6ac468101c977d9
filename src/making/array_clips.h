// Files of arrays as clips.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/image.h"
#include "making/step_numbers.h"

namespace savp {

struct ArrayOptions {
  std::string image_key;  // name of the array of frames; empty: images, or the only one that can be
  std::string axes;       // "NTHWC", ...; empty: detected from the shape
  NumberKeys keys = {};
};

// Throws UsageError unless the text names axes in an order that is read: frames or sequences first, then the
// axes of a frame.
void check_axes(const std::string& axes);

// Whether a file of arrays has one with the axes of frames; throws DataError for a file that is damaged.
bool may_hold_frames(const std::filesystem::path& path);

// The frames of a file, and where they are there its actions and states:
//  - images [N, T, H, W, C] or [N, T, H, W]: N sequences of T frames, each of which stays whole;
//  - images [T, H, W, C] or [T, H, W]: one episode, which is cut into clips as a video is;
//  - images with C before H and W, or T before N (Moving MNIST's test file).
// Frames are uint8, or float32 or float64 from 0 to 1. Of actions there are as many as frames, or one less.
class ArrayClips {
 public:
  ArrayClips(const std::filesystem::path& path, const ArrayOptions& options);
  ~ArrayClips();
  ArrayClips(const ArrayClips&) = delete;
  ArrayClips& operator=(const ArrayClips&) = delete;

  bool are_sequences() const;  // rather than one episode
  int64_t sequences() const;
  int64_t length() const;  // frames of each
  const PictureSize& size() const;
  std::string content() const;  // "48x64x3, 4 actions"

  // Frames first .. first + count - 1 of a sequence as a record; in rising order.
  std::string record(int64_t sequence, int64_t first, int64_t count);

  // After the last one: looks at the checksums of an archive.
  void finish();

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

}  // namespace savp
