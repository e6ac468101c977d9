// The sink that writes an event file for TensorBoard into the run's folder.
#pragma once

#include <memory>

#include "training/sinks.h"

namespace savp {

// Takes the scalars of kSummaries, whose names are whole tags, images, figures and histograms, and begins
// with the run's texts:
//
//   images      as an animated GIF of up to 8 videos side by side, 4 frames a second, under "<tag>"; those
//               of other channels than 1 and 3 are passed over
//   figures     as a picture of the plot under "<tag>": TensorBoard shows curves over training steps alone
//   histograms  in 64 buckets of one width
//
// Encoding and writing are done by a thread of its own: a step waits for neither. What goes wrong there is
// thrown by flush(). Without OpenCV and FFmpeg there are no pictures, with a warning.
std::unique_ptr<Sink> event_sink(const SinkOrigin& origin);

}  // namespace savp
