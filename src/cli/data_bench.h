// How fast records become batches. Neither FFmpeg nor OpenCV is needed.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/hparams.h"

namespace savp::cli {

// How the frames are stored.
enum class StoredAs {
  kRaw,   // records like BAIR's: two cameras, of which one is used, 30 steps
  kJpeg,  // records like UCF-101's: 30 frames
};

}  // namespace savp::cli

namespace savp {
template <>
struct EnumNames<cli::StoredAs> {
  static constexpr std::pair<cli::StoredAs, const char*> kTable[] = {{cli::StoredAs::kRaw, "raw"},
                                                                     {cli::StoredAs::kJpeg, "jpeg"}};
};
}  // namespace savp

namespace savp::cli {

struct DataSpeedOptions {
  int64_t batch_size = 16;       // sequences
  int64_t sequence_length = 12;  // frames used of the 30 that are stored
  int64_t size = 64;             // side of a frame (pixels)
  int64_t threads = 1;           // that read and decode
  int64_t warm_up = 4;           // batches read before the clock starts
  int64_t batches = 40;          // batches timed
};

struct DataSpeed {
  double seconds = 0.0;
  double frames_per_second = 0.0;
  double megabytes_per_second = 0.0;  // of what is read from files
};

// Writes records to a temporary folder, reads them as for training and removes them. They are in the
// system's cache then: the disk is not what is measured.
DataSpeed measure_reading(StoredAs stored_as, const DataSpeedOptions& options);

// libjpeg alone: the JPEG pictures of such records are decoded over and over, by one thread.
DataSpeed measure_jpeg_decoding(const DataSpeedOptions& options);

// Bytes (millions) that memcpy copies in a second, between buffers larger than a cache.
double memcpy_megabytes_per_second();

// 1, 2, 4 ... up to `most`; 0 stands for one thread a core.
std::vector<int64_t> thread_counts(int64_t most);

// What a measurement prints.
Json speed_line(const char* stored_as, int64_t size, int64_t threads, const DataSpeed& speed);

}  // namespace savp::cli
