// Event files, which TensorBoard shows: TFRecords (tfrecord.h) of Event messages. The first says which
// version of the format it is, the second (SessionLog START) that what other event files of the folder hold
// of its step and of later ones is void: a run that continues from a checkpoint writes a file of its own, and
// nothing shows twice. Scalars, images and histograms are summaries of the kinds that TensorFlow 1 wrote,
// texts tensors of TensorBoard's plugin for text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace savp {

// A PNG, or an animated GIF.
struct EncodedImage {
  int64_t height = 0, width = 0;  // pixels
  int64_t channels = 3;           // 1 gray, 3 RGB
  std::string bytes;              // of the file
};

// How often values lie where.
struct Histogram {
  double min = 0, max = 0, count = 0, sum = 0, sum_of_squares = 0;
  std::vector<double> limits;  // upper ends of the buckets, rising
  std::vector<double> counts;  // one a bucket
};

// Not thread-safe.
class EventFile {
 public:
  // A new file in a folder that is there; the steps of other files in it from `first_step` on are void.
  // Throws DataError, as all below, or ResourceError where the disk is full.
  EventFile(const std::filesystem::path& folder, int64_t first_step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void scalar(int64_t step, const std::string& tag, double value);
  void image(int64_t step, const std::string& tag, const EncodedImage& image);
  void histogram(int64_t step, const std::string& tag, const Histogram& histogram);
  void text(int64_t step, const std::string& tag, const std::string& markdown);

  // Everything so far is on the disk afterwards.
  void flush();

  const std::filesystem::path& path() const { return path_; }

 private:
  void append(const std::string& event);

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace savp
