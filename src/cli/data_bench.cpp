#include "cli/data_bench.h"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cli/measuring.h"
#include "core/error.h"
#include "datasets/dataset.h"
#include "io/example.h"
#include "io/image.h"
#include "io/tfrecord.h"
#include "making/clip_record.h"

namespace savp::cli {
namespace {

constexpr int64_t kRecords = 64;
constexpr int64_t kSteps = 30;

std::string raw_record(int64_t size) {
  ExampleBuilder example;
  const auto frames = drawn_frames(size, kSteps);
  for (int64_t t = 0; t < kSteps; ++t) {
    const auto step = std::to_string(t);
    const auto& pixels = frames[t].pixels;
    const std::string_view frame(reinterpret_cast<const char*>(pixels.data()), pixels.size());
    example.bytes(step + "/image_aux1/encoded", {frame}).bytes(step + "/image_main/encoded", {frame});
    example.floats(step + "/action", {0, 0, 0, 0}).floats(step + "/endeffector_pos", {0, 0, 0});
  }
  return example.serialize();
}

std::vector<std::string> jpeg_frames(int64_t size) {
  std::vector<std::string> frames;
  for (const auto& frame : drawn_frames(size, kSteps)) frames.push_back(encode_jpeg(frame));
  return frames;
}

std::string jpeg_record(int64_t size) {
  const auto frames = jpeg_frames(size);
  return clip_record({.size = {size, size, 3}, .frames = {frames.begin(), frames.end()}});
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
  const auto sequences = options.batches * options.batch_size;
  return data_speed(seconds, sequences * options.sequence_length,
                    sequences * static_cast<int64_t>(record.size()));
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

DataSpeed measure_jpeg_decoding(const DataSpeedOptions& options) {
  const auto encoded = jpeg_frames(options.size);
  const PictureSize size{options.size, options.size, 3};
  std::vector<uint8_t> pixels(static_cast<size_t>(size.values()));
  int64_t frames = 0, bytes = 0;
  const auto seconds = seconds_of([&] {
    for (int64_t sequence = 0; sequence < options.batches * options.batch_size; ++sequence)
      for (const auto& frame : encoded) {
        decode_picture(frame, size, pixels.data());
        ++frames, bytes += static_cast<int64_t>(frame.size());
      }
  });
  return data_speed(seconds, frames, bytes);
}

}  // namespace savp::cli
