#include "cli/video_bench.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include "cli/measuring.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "io/gif.h"
#include "making/clips.h"
#include "making/sources.h"
#include "making/workers.h"

namespace savp::cli {
namespace {

namespace fs = std::filesystem;

void write_gifs(const fs::path& folder, int64_t size) {
  constexpr int64_t kFiles = 16, kFrames = 30;
  const auto frames = drawn_frames(size, kFrames);
  for (int64_t i = 0; i < kFiles; ++i) write_gif(folder / concat(i, ".gif"), frames, /*fps=*/10);
}

// Arrays are left out: nothing in them is decoded.
std::vector<Source> find_videos(const fs::path& input) {
  auto sources = find_sources(input).found;
  std::erase_if(sources, [](const Source& source) { return source.kind != Source::kVideo; });
  SAVP_CHECK(!sources.empty(), DataError, input.string(), ": holds no videos and no folders of frames");
  return sources;
}

int64_t stored_bytes(const fs::path& path) {
  if (!fs::is_directory(path)) return static_cast<int64_t>(fs::file_size(path));
  int64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.is_regular_file()) bytes += static_cast<int64_t>(entry.file_size());
  return bytes;
}

// All videos once, each into a file of records.
struct Pass {
  const std::vector<Source>& videos;
  ClipOptions options;
  fs::path target;
  int64_t threads;

  int64_t frames() const {
    int64_t frames = 0;
    const auto read = [this](int64_t i) {
      return read_clips(videos[static_cast<size_t>(i)], options, target / concat(i)).frames;
    };
    in_order(static_cast<int64_t>(videos.size()), threads, read,
             [&](int64_t, int64_t of_one) { frames += of_one; });
    return frames;
  }
};

DataSpeed measure(const Pass& pass, double at_least) {
  int64_t bytes = 0, frames = 0, passes = 0;
  for (const auto& video : pass.videos) bytes += stored_bytes(video.path);
  pass.frames();  // warms up
  double seconds = 0;
  for (; passes == 0 || seconds < at_least; ++passes) {
    stop_if_interrupted();
    seconds += seconds_of([&] { frames += pass.frames(); });
  }
  return data_speed(seconds, frames, passes * bytes);
}

}  // namespace

void bench_videos(const VideoBenchOptions& options) {
  const TemporaryFolder made, records;
  const bool given = !options.input_dir.empty();
  if (!given) write_gifs(made.path(), options.size);
  const auto videos = find_videos(given ? options.input_dir : made.path());
  const ClipOptions clips{.video = {.height = options.size, .width = options.size}, .clip_length = 64};
  for (const auto threads : thread_counts(options.threads)) {
    const auto speed = measure({videos, clips, records.path(), threads}, options.seconds);
    std::cout << speed_line(given ? "video" : "gif", options.size, threads, speed).dump() << std::endl;
  }
}

}  // namespace savp::cli
