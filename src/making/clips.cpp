#include "making/clips.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"
#include "io/tfrecord.h"
#include "making/clip_record.h"
#include "making/hdf5_episodes.h"
#include "making/step_numbers.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// --- Videos

// A size that a model can be trained in: the shorter side 64 pixels, both in steps of 8.
void check_side(const std::string& place, const Picture& frame, const ClipOptions& options) {
  if (options.video.height > 0 || options.largest_side == 0 ||
      std::max(frame.height, frame.width) <= options.largest_side)
    return;
  const auto scale = 64.0 / static_cast<double>(std::min(frame.height, frame.width));
  const auto proposed = [&](int64_t side) { return 8 * std::lround(static_cast<double>(side) * scale / 8); };
  throw DataError(concat(place, ": its frames are ", frame.height, "x", frame.width,
                         " (height x width), more than ", options.largest_side,
                         " pixels, which is seldom meant: choose a size with --dataset_hparams frame_size=[",
                         proposed(frame.height), ",", proposed(frame.width), "], or another"));
}

// Frames that follow each other, and what comes with them.
struct Scene {
  std::string place;
  VideoReader frames;
  StepNumbers numbers;
};

// Whether there are as many numbers as frames shows in the end; an error leaves no clips.
void cut_scene(Scene& scene, const ClipOptions& options, TfRecordWriter& writer, ReadSource& read) {
  std::vector<Picture> clip;
  int64_t frames = 0, clips = 0;
  const auto some = [&](const std::optional<NumberRows>& rows, int64_t count) {
    return rows ? rows->some(frames - static_cast<int64_t>(clip.size()), count) : std::vector<float>();
  };
  const auto keep = [&] {
    const auto count = static_cast<int64_t>(clip.size());
    writer.write(
        clip_record(clip, some(scene.numbers.actions, count - 1), some(scene.numbers.states, count)));
    read.clips.push_back(count);
    ++clips;
    clip.clear();
  };
  while (auto frame = scene.frames.next()) {
    stop_if_interrupted();
    read.height = frame->height, read.width = frame->width, read.channels = frame->channels;
    check_side(scene.place, *frame, options);
    clip.push_back(std::move(*frame));
    ++frames;
    if (static_cast<int64_t>(clip.size()) == options.clip_length) keep();
  }
  if (static_cast<int64_t>(clip.size()) >= options.min_length) keep();
  scene.numbers.check_frames(frames, scene.place);
  if (clips > 0) read.scenes.push_back(clips);
  read.frames += frames;
  read.content = text(PictureSize{read.height, read.width, read.channels}) + scene.numbers.content();
}

// A file without actions and states, which has the name of a video by chance: told of once.
void tell_of_no_numbers(const fs::path& path) {
  static std::atomic<bool> told = false;
  if (!told.exchange(true))
    log::warn(concat("left out: ", path.string(),
                     ": nothing in it is called action, action_0, ..., state or state_0, ... (action_key and "
                     "state_key name others); further such files are not told of"));
}

StepNumbers numbers_of(const Source& source, const ClipOptions& options) {
  if (source.numbers.empty()) return {};
  auto numbers = read_step_numbers(source.numbers, options.arrays.keys);
  if (!numbers.any()) tell_of_no_numbers(source.numbers);
  SAVP_CHECK(!numbers.any() || options.video.fps == 0, UsageError, source.numbers.string(),
             ": actions and states belong to every frame of ", source.path.filename().string(),
             ": fps must be 0 (frame_skip leaves out frames, and joins the actions between the others)");
  return numbers;
}

void read_video_clips(const Source& source, const ClipOptions& options, TfRecordWriter& writer,
                      ReadSource& read) {
  Scene scene{source.path.string(), VideoReader(source.path, options.video), numbers_of(source, options)};
  cut_scene(scene, options, writer, read);
}

// --- Arrays

// Sequences stay whole, an episode is cut as a video is.
void read_array_clips(const Source& source, const ClipOptions& options, TfRecordWriter& writer,
                      ReadSource& read) {
  ArrayClips clips(source.path, options.arrays);
  read.content = clips.content();
  read.height = clips.size().height, read.width = clips.size().width, read.channels = clips.size().channels;
  read.frames = clips.length();
  if (clips.length() < options.min_length) return;
  const auto longest = clips.are_sequences() ? clips.length() : options.clip_length;
  for (int64_t i = 0; i < clips.sequences(); ++i) {
    const auto before = read.clips.size();
    for (int64_t first = 0; clips.length() - first >= options.min_length; first += longest) {
      stop_if_interrupted();
      const auto count = std::min(longest, clips.length() - first);
      writer.write(clips.record(i, first, count));
      read.clips.push_back(count);
    }
    read.scenes.push_back(static_cast<int64_t>(read.clips.size() - before));
  }
  clips.finish();
  read.frames *= clips.sequences();
}

// --- Episodes

// Each is a scene. Those that the file keeps out of its splits are left out.
void read_hdf5_clips(const Source& source, const ClipOptions& options, TfRecordWriter& writer,
                     ReadSource& read) {
  const auto opened = open_hdf5_episodes(source.path, options.arrays.image_key, options.arrays.keys);
  const auto& episodes = *opened;
  for (int64_t i = 0; i < episodes.count(); ++i) {
    const auto split = episodes.split(i);
    if (episodes.divided() && !split) continue;
    const auto before = read.content;
    const auto scenes = read.scenes.size();
    Scene scene{episodes.place(i), VideoReader(episodes.frames(i, options.video), options.video),
                episodes.numbers(i)};
    cut_scene(scene, options, writer, read);
    if (!before.empty()) check_alike(scene.place, read.content, "those before it", before);
    if (split && read.scenes.size() > scenes) read.splits.push_back(*split);
  }
}

// --- The table

struct KindOfSource {
  Source::Kind kind;
  void (*read)(const Source&, const ClipOptions&, TfRecordWriter&, ReadSource&);
};
constexpr KindOfSource kKinds[] = {{Source::kVideo, read_video_clips},
                                   {Source::kArrays, read_array_clips},
                                   {Source::kHdf5, read_hdf5_clips}};

void read_into(const Source& source, const ClipOptions& options, TfRecordWriter& writer, ReadSource& read) {
  const auto* row = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [&](const KindOfSource& kind) { return kind.kind == source.kind; });
  row->read(source, options, writer, read);
}

// The frames of a content.
std::string frames_of(const std::string& content) { return content.substr(0, content.find(',')); }

}  // namespace

void check_alike(const std::string& place, const std::string& content, const std::string& other_place,
                 const std::string& other) {
  const bool same_frames = frames_of(content) == frames_of(other);
  SAVP_CHECK(content == other, DataError, place, ": holds frames of ", content, ", but ", other_place, " of ",
             other, " (height x width x channels): all must be alike; ",
             same_frames ? "action_key and state_key choose actions and states that all have"
                         : "videos are brought to one size with --size or frame_size");
}

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
    read.scenes.clear();
    read.splits.clear();
  }
  if (read.refusal.empty()) writer.close();
  return read;
}

}  // namespace savp
