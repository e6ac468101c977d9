#include "savp/datasets/bench.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/clip_record.h"
#include "savp/core/error.h"
#include "savp/datasets/dataset.h"
#include "savp/io/example.h"
#include "savp/io/image.h"
#include "savp/io/tfrecord.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRecords = 64;
constexpr int64_t kSteps = 30;

double seconds_of(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((fs::temp_directory_path() / "savp-records-XXXXXX").string()) {
    SAVP_CHECK(mkdtemp(path_.data()) != nullptr, DataError, path_, ": cannot make a temporary folder");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A disc that wanders over a grainy gradient, so that a JPEG of it has something to hold.
std::vector<Picture> drawn_frames(int64_t size) {
  std::vector<Picture> frames;
  for (int64_t t = 0; t < kSteps; ++t) {
    Picture frame{size, size, 3, {}};
    const int64_t x = size * t / kSteps, y = size / 2, radius = size / 6;
    for (int64_t row = 0; row < size; ++row)
      for (int64_t column = 0; column < size; ++column) {
        const bool inside = (row - y) * (row - y) + (column - x) * (column - x) < radius * radius;
        const int64_t grain = (row * 7919 + column * 104729 + t * 31) % 16;
        for (int64_t c = 0; c < 3; ++c)
          frame.pixels.push_back(
              static_cast<uint8_t>(inside ? 200 - 60 * c : (row + column) * 100 / size + 20 * c + grain));
      }
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::string raw_record(int64_t size) {
  ExampleBuilder example;
  const auto frames = drawn_frames(size);
  for (int64_t t = 0; t < kSteps; ++t) {
    const auto step = std::to_string(t);
    const auto& pixels = frames[t].pixels;
    const std::string_view frame(reinterpret_cast<const char*>(pixels.data()), pixels.size());
    example.bytes(step + "/image_aux1/encoded", {frame}).bytes(step + "/image_main/encoded", {frame});
    example.floats(step + "/action", {0, 0, 0, 0}).floats(step + "/endeffector_pos", {0, 0, 0});
  }
  return example.serialize();
}

std::string jpeg_record(int64_t size) {
  std::vector<std::string> frames;
  for (const auto& frame : drawn_frames(size)) frames.push_back(encode_jpeg(frame));
  return clip_record({.size = {size, size, 3}, .frames = {frames.begin(), frames.end()}});
}

DataSpeed speed(double seconds, int64_t frames, double bytes_a_frame) {
  const auto rate = static_cast<double>(frames) / seconds;
  return {.seconds = seconds, .frames_per_second = rate, .megabytes_per_second = rate * bytes_a_frame / 1e6};
}

// Of all of a record only some frames may be used; its bytes are read all the same.
DataSpeed measure_records(const char* dataset_name, const std::string& record,
                          const DataSpeedOptions& options) {
  const TemporaryFolder folder;
  TfRecordWriter writer(concat(folder.path(), "/traj_0_to_", kRecords - 1, ".tfrecords"));
  for (int64_t i = 0; i < kRecords; ++i) writer.write(record);
  writer.close();
  const auto dataset = Dataset::open_records(dataset_name, folder.path(), "train",
                                             {{"benchmark", {{"sequence_length", options.sequence_length}}}});
  const auto stream = dataset->batches({.batch_size = options.batch_size, .threads = options.threads});
  const auto read = [&](int64_t batches) {
    for (int64_t i = 0; i < batches; ++i) stream->next();
  };
  read(options.warm_up);
  const auto seconds = seconds_of([&] { read(options.batches); });
  return speed(seconds, options.batches * options.batch_size * options.sequence_length,
               static_cast<double>(record.size()) / static_cast<double>(options.sequence_length));
}

}  // namespace

DataSpeed measure_reading(StoredAs stored_as, const DataSpeedOptions& options) {
  SAVP_CHECK(options.threads > 0, UsageError, "threads=", options.threads, " must be at least 1");
  switch (stored_as) {
    case StoredAs::kRaw:
      return measure_records("bair", raw_record(options.size), options);
    case StoredAs::kJpeg:
      return measure_records("ucf101", jpeg_record(options.size), options);
  }
  throw std::logic_error("unknown way of storing");
}

double memcpy_megabytes_per_second() {
  constexpr size_t kBytes = 256U << 20U;
  constexpr int kTimes = 4;
  std::string from(kBytes, 'a'), to(kBytes, 'b');
  volatile char seen = 0;
  const auto seconds = seconds_of([&] {
    for (int i = 0; i < kTimes; ++i) {
      from[static_cast<size_t>(i)] = static_cast<char>(i);  // a copy that matters
      std::memcpy(to.data(), from.data(), kBytes);
      seen = to[static_cast<size_t>(i)];
    }
  });
  static_cast<void>(seen);
  return kTimes * static_cast<double>(kBytes) / seconds / 1e6;
}

}  // namespace savp
