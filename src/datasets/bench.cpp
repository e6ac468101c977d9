#include "savp/datasets/bench.h"

#include <stdlib.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "savp/core/error.h"
#include "savp/datasets/dataset.h"
#include "savp/datasets/toy_scene.h"
#include "savp/io/example.h"
#include "savp/io/gif.h"
#include "savp/io/image.h"
#include "savp/io/tfrecord.h"
#include "savp/io/video.h"

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
    SAVP_CHECK(::mkdtemp(path_.data()) != nullptr, DataError, path_, ": cannot make a temporary folder");
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

std::vector<Picture> drawn_frames(int64_t size) {
  return record_toy_scene(/*seed=*/0, {.length = kSteps, .size = size}).frames;
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
  ExampleBuilder example;
  example.ints("sequence_length", {kSteps})
      .ints("height", {size})
      .ints("width", {size})
      .ints("channels", {3});
  return example.bytes("images/encoded", {frames.begin(), frames.end()}).serialize();
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
  const auto dataset = Dataset::open(dataset_name, folder.path(), "train",
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

// Each thread reads the whole file, again and again.
DataSpeed measure_video(const DataSpeedOptions& options) {
  const TemporaryFolder folder;
  const auto path = fs::path(folder.path()) / "video.gif";
  write_gif(path, drawn_frames(options.size), /*fps=*/10);
  const auto times =
      options.batches * options.batch_size * options.sequence_length / kSteps / options.threads + 1;
  const auto read = [&] {
    for (int64_t i = 0; i < times; ++i) {
      VideoReader reader(path);
      while (reader.next()) {
      }
    }
  };
  const auto seconds = seconds_of([&] {
    std::vector<std::future<void>> threads;
    for (int64_t i = 0; i < options.threads; ++i) threads.push_back(std::async(std::launch::async, read));
    for (auto& thread : threads) thread.get();
  });
  return speed(seconds, times * options.threads * kSteps, static_cast<double>(fs::file_size(path)) / kSteps);
}

}  // namespace

DataSpeed measure_reading(StoredAs stored_as, const DataSpeedOptions& options) {
  SAVP_CHECK(options.threads > 0, UsageError, "threads=", options.threads, " must be at least 1");
  switch (stored_as) {
    case StoredAs::kRaw:
      return measure_records("bair", raw_record(options.size), options);
    case StoredAs::kJpeg:
      return measure_records("ucf101", jpeg_record(options.size), options);
    case StoredAs::kVideo:
      return measure_video(options);
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
