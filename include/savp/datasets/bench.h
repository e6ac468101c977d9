// How fast records become batches.
#pragma once

#include <cstdint>

namespace savp {

struct DataSpeedOptions {
  int64_t batch_size = 16;       // sequences
  int64_t sequence_length = 12;  // frames used of the 30 in a record
  int64_t size = 64;             // side of a frame (pixels)
  int64_t threads = 0;           // that read and decode; 0: the calling thread does it all
  int64_t warm_up = 4;           // batches read before the clock starts
  int64_t batches = 40;          // batches timed
};

struct DataSpeed {
  double seconds = 0.0;
  double frames_per_second = 0.0;
  double megabytes_per_second = 0.0;  // of record files
};

// Writes records like BAIR's (two raw cameras, 30 steps; one camera is used) to a temporary folder, reads
// them as for training and removes them. They are in the system's cache then: the disk is not what is
// measured.
DataSpeed measure_reading(const DataSpeedOptions& options);

}  // namespace savp
