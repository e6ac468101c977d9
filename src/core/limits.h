// The most that a whole number from outside may say. Generous beside anything that can be trained or
// drawn, and so small that sums and products of sizes stay within 64 bits: what is still too much ends as
// "out of memory".
#pragma once

namespace savp::limits {

constexpr double kFrames = 100000;    // of a sequence; steps between two of its frames
constexpr double kPixels = 4096;      // a side of a frame
constexpr double kSequences = 65536;  // of a batch
constexpr double kFilters = 16384;    // channels of a layer, numbers of a latent variable
constexpr double kTaps = 255;         // a side of a kernel
constexpr double kSpread = 64;        // pixels between two taps of a kernel
constexpr double kCopies = 1000;      // frames that one is composed from
constexpr double kLayers = 16;
constexpr double kSteps = 1e8;    // of training
constexpr double kPasses = 1e8;   // over the data
constexpr double kFutures = 1e7;  // of one sequence
constexpr double kThreads = 512;

}  // namespace savp::limits
