#include "making/clips.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "io/tfrecord.h"
#include "making/clip_record.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// --- Videos

// A size that a model can be trained in: the shorter side 64 pixels, both in steps of 8.
void check_side(const fs::path& path, const Picture& frame, const ClipOptions& options) {
  if (options.video.height > 0 || options.largest_side == 0 ||
      std::max(frame.height, frame.width) <= options.largest_side)
    return;
  const auto scale = 64.0 / static_cast<double>(std::min(frame.height, frame.width));
  const auto proposed = [&](int64_t side) { return 8 * std::lround(static_cast<double>(side) * scale / 8); };
  throw DataError(concat(path.string(), ": its frames are ", frame.height, "x", frame.width,
                         " (height x width), more than ", options.largest_side,
                         " pixels, which is seldom meant: choose a size with --dataset_hparams frame_size=[",
                         proposed(frame.height), ",", proposed(frame.width), "], or another"));
}

void read_video_clips(const fs::path& path, const ClipOptions& options, TfRecordWriter& writer,
                      ReadSource& read) {
  VideoReader reader(path, options.video);
  std::vector<Picture> clip;
  const auto keep = [&] {
    writer.write(clip_record(clip));
    read.clips.push_back(static_cast<int64_t>(clip.size()));
    clip.clear();
  };
  for (auto frame = reader.next(); frame; frame = reader.next(), ++read.frames) {
    stop_if_interrupted();
    read.height = frame->height, read.width = frame->width, read.channels = frame->channels;
    check_side(path, *frame, options);
    clip.push_back(std::move(*frame));
    if (static_cast<int64_t>(clip.size()) == options.clip_length) keep();
  }
  if (static_cast<int64_t>(clip.size()) >= options.min_length) keep();
}

// --- Arrays

// Sequences stay whole, an episode is cut as a video is.
void read_array_clips(const fs::path& path, const ClipOptions& options, TfRecordWriter& writer,
                      ReadSource& read) {
  ArrayClips clips(path, options.arrays);
  read.content = clips.content();
  read.height = clips.size().height, read.width = clips.size().width, read.channels = clips.size().channels;
  read.frames = clips.length();
  read.holds_sequences = clips.are_sequences();
  if (clips.length() < options.min_length) return;
  const auto longest = clips.are_sequences() ? clips.length() : options.clip_length;
  for (int64_t i = 0; i < clips.sequences(); ++i)
    for (int64_t first = 0; clips.length() - first >= options.min_length; first += longest) {
      stop_if_interrupted();
      const auto count = std::min(longest, clips.length() - first);
      writer.write(clips.record(i, first, count));
      read.clips.push_back(count);
    }
  clips.finish();
  read.frames *= clips.sequences();
}

void read_into(const Source& source, const ClipOptions& options, TfRecordWriter& writer, ReadSource& read) {
  if (source.kind == Source::kArrays) return read_array_clips(source.path, options, writer, read);
  read_video_clips(source.path, options, writer, read);
  read.content = text(PictureSize{read.height, read.width, read.channels});
}

}  // namespace

ReadSource read_clips(const Source& source, const ClipOptions& options, const fs::path& target) {
  ReadSource read;
  TfRecordWriter writer(target.string());
  try {
    read_into(source, options, writer, read);
    if (read.clips.empty())
      read.refusal = concat(source.path.string(), ": too short: ", counted(read.frames, "frame"),
                            " of at least ", options.min_length);
  } catch (const DataError& error) {
    if (!options.skip_bad) throw;
    read.refusal = error.what();
    read.damaged = true;
    read.clips.clear();
  }
  if (read.refusal.empty()) writer.close();
  return read;
}

}  // namespace savp
