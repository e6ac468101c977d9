// The sink that writes an event file for TensorBoard into the run's folder.
#pragma once

#include <cstdint>
#include <functional>

#include "training/sinks.h"

namespace savp {

struct EventSinkOptions {
  // Bytes of the pictures that may wait to be encoded; those that come while they do are left out, with a
  // warning the first time: a disk that hangs must not fill the memory.
  int64_t most_waiting = int64_t{256} << 20;
  std::function<void()> before_encoding = {};  // a picture, by the thread that does
};

// Takes the scalars of kSummaries, whose names are whole tags, images, figures and histograms, and begins
// with the run's texts:
//
//   images      as an animated GIF of up to 8 videos side by side, 4 frames a second, under "<tag>"; those
//               of other channels than 1 and 3 are passed over
//   figures     as a picture of the plot under "<tag>": TensorBoard shows curves over training steps alone
//   histograms  in 64 buckets of one width
//
// Encoding and writing are done by a thread of its own: a step waits for neither, and a checkpoint only for
// what the previous one had flushed. What goes wrong there is thrown by flush() and finish(). Without OpenCV
// and FFmpeg there are no pictures, with a warning.
MakeSink event_sink(const EventSinkOptions& options = {});

}  // namespace savp
