#include "savp/datasets/bench.h"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "datasets/draws.h"
#include "savp/core/error.h"
#include "savp/datasets/dataset.h"
#include "savp/io/example.h"
#include "savp/io/tfrecord.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRecords = 64;
constexpr int64_t kSteps = 30;

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

std::string noisy_frame(int64_t size, Draws& draws) {
  std::string frame(static_cast<size_t>(size * size * 3), '\0');
  for (auto& value : frame) value = static_cast<char>(draws.below(256));
  return frame;
}

std::string record_like_bair(const std::string& frame) {
  ExampleBuilder example;
  for (int64_t t = 0; t < kSteps; ++t) {
    const auto step = std::to_string(t);
    example.bytes(step + "/image_aux1/encoded", {frame}).bytes(step + "/image_main/encoded", {frame});
    example.floats(step + "/action", {0, 0, 0, 0}).floats(step + "/endeffector_pos", {0, 0, 0});
  }
  return example.serialize();
}

// Returns bytes a record.
int64_t write_records(const std::string& folder, int64_t size) {
  TfRecordWriter writer(concat(folder, "/traj_0_to_", kRecords - 1, ".tfrecords"));
  Draws draws(/*seed=*/0);
  const auto record = record_like_bair(noisy_frame(size, draws));
  for (int64_t i = 0; i < kRecords; ++i) writer.write(record);
  writer.close();
  return static_cast<int64_t>(record.size());
}

}  // namespace

DataSpeed measure_reading(const DataSpeedOptions& options) {
  const TemporaryFolder folder;
  const auto record_bytes = write_records(folder.path(), options.size);
  const auto dataset = Dataset::open("bair", folder.path(), "train",
                                     {{"benchmark", {{"sequence_length", options.sequence_length}}}});
  const auto stream = dataset->batches({.batch_size = options.batch_size, .threads = options.threads});
  for (int64_t i = 0; i < options.warm_up; ++i) stream->next();
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < options.batches; ++i) stream->next();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const auto sequences = static_cast<double>(options.batches * options.batch_size);
  return {.seconds = taken.count(),
          .frames_per_second = sequences * static_cast<double>(options.sequence_length) / taken.count(),
          .megabytes_per_second = sequences * static_cast<double>(record_bytes) / taken.count() / 1e6};
}

}  // namespace savp
