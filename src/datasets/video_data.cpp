#include "savp/datasets/video_data.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/clip_record.h"
#include "datasets/prepared_folder.h"
#include "datasets/video_split.h"
#include "savp/core/interrupt.h"
#include "savp/core/log.h"
#include "savp/core/text.h"
#include "savp/io/tfrecord.h"
#include "savp/io/video.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// --- Finding videos

struct Findings {
  std::vector<fs::path> videos;  // files and folders of frames, sorted
  std::vector<fs::path> others;  // files that are neither
};

std::vector<fs::directory_entry> sorted_entries(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().front() != '.') entries.push_back(entry);
  std::sort(entries.begin(), entries.end());
  return entries;
}

// A folder of pictures is one video, unless there are video files beside them. Links to folders are not
// followed: they may lead round in circles.
void find_videos(const fs::path& folder, Findings& found) {
  std::vector<fs::path> pictures;
  const size_t before = found.videos.size();
  for (const auto& entry : sorted_entries(folder)) {
    const fs::path& path = entry.path();
    if (entry.is_directory() && !entry.is_symlink()) continue;
    if (entry.is_regular_file() && is_picture_name(path))
      pictures.push_back(path);
    else
      (is_video_file(path) ? found.videos : found.others).push_back(path);
  }
  if (!pictures.empty() && found.videos.size() == before)
    found.videos.push_back(folder);
  else
    found.others.insert(found.others.end(), pictures.begin(), pictures.end());
  for (const auto& entry : sorted_entries(folder))
    if (entry.is_directory() && !entry.is_symlink()) find_videos(entry.path(), found);
}

Findings find_videos(const fs::path& input) {
  SAVP_CHECK(fs::exists(input), DataError, input.string(), ": there is no such folder");
  Findings found;
  if (fs::is_directory(input))
    find_videos(input, found);
  else
    found.videos.push_back(input);
  return found;
}

void report(const std::vector<fs::path>& others) {
  constexpr size_t kNamed = 5;
  if (others.empty()) return;
  std::vector<std::string> names;
  for (const fs::path& path : others) names.push_back(path.filename().string());
  if (names.size() > kNamed) {
    names.resize(kNamed);
    names.emplace_back("more");
  }
  log::warn(concat("left out, no video: ", others.size(), others.size() == 1 ? " file (" : " files (",
                   join_words(names), ")"));
}

// --- Reading a video into clips

struct ClipOptions {
  VideoOptions video;
  int64_t clip_length, min_length;  // frames
};

// What became of a video: clips in a file of their own, or a reason why not.
struct ReadVideo {
  int64_t frames = 0;
  std::vector<int64_t> clips;  // lengths, frames
  std::string refusal;
};

// Frames until the end of the video, or until it turns out to be unreadable.
class Frames {
 public:
  Frames(const fs::path& path, const VideoOptions& options) {
    attempt([&] { reader_.emplace(path, options); });
  }

  std::optional<Picture> next() {
    stop_if_interrupted();
    std::optional<Picture> frame;
    if (refusal_.empty()) attempt([&] { frame = reader_->next(); });
    return frame;
  }

  const std::string& refusal() const { return refusal_; }

 private:
  template <class Action>
  void attempt(const Action& action) {
    try {
      action();
    } catch (const DataError& error) {
      refusal_ = error.what();
    }
  }

  std::optional<VideoReader> reader_;
  std::string refusal_;
};

// The clips go to `target`, of which nothing is left where the video is refused.
ReadVideo read_clips(const fs::path& path, const ClipOptions& options, const fs::path& target) {
  ReadVideo video;
  Frames frames(path, options.video);
  TfRecordWriter writer(target.string());
  std::vector<Picture> clip;
  const auto keep = [&] {
    writer.write(clip_record(clip));
    video.clips.push_back(static_cast<int64_t>(clip.size()));
    clip.clear();
  };
  for (auto frame = frames.next(); frame; frame = frames.next(), ++video.frames) {
    clip.push_back(std::move(*frame));
    if (static_cast<int64_t>(clip.size()) == options.clip_length) keep();
  }
  if (static_cast<int64_t>(clip.size()) >= options.min_length) keep();
  video.refusal = frames.refusal();
  if (video.refusal.empty() && video.clips.empty())
    video.refusal = concat(path.string(), ": too short: ", video.frames,
                           video.frames == 1 ? " frame" : " frames", " of at least ", options.min_length);
  if (!video.refusal.empty()) video.clips.clear();
  if (video.refusal.empty()) writer.close();
  return video;
}

// --- Dividing clips between train, val and test

// The split of every clip of every video.
using Assignment = std::vector<std::vector<int>>;

struct Division {
  Assignment splits;
  bool by_video = true;
};

// By video, so that no scene is both trained on and tested on. Where there are too few videos for that, by
// time.
Division divide(const std::vector<ReadVideo>& videos, const SplitShares& shares, uint64_t seed) {
  int64_t usable = 0, clips = 0;
  for (const ReadVideo& video : videos) {
    usable += video.clips.empty() ? 0 : 1;
    clips += static_cast<int64_t>(video.clips.size());
  }
  Division division;
  division.by_video = enough_to_split(usable, shares);
  const auto splits = division.by_video ? split_by_lot(usable, shares, seed) : split_in_order(clips, shares);
  auto split = splits.begin();
  for (const ReadVideo& video : videos) {
    auto& of_video = division.splits.emplace_back();
    for (size_t i = 0; i < video.clips.size(); ++i) of_video.push_back(division.by_video ? *split : *split++);
    if (division.by_video && !video.clips.empty()) ++split;
  }
  return division;
}

// --- The whole

int64_t parse_pixels(std::string_view text, const std::string& size) {
  constexpr int64_t kSmallest = 8, kLargest = 2048;
  int64_t pixels = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), pixels);
  SAVP_CHECK(
      failure == std::errc() && end == text.data() + text.size() && pixels >= kSmallest && pixels <= kLargest,
      UsageError, "--size ", size, ": must be a number of pixels or HEIGHTxWIDTH, from ", kSmallest, " to ",
      kLargest);
  return pixels;
}

ClipOptions clip_options(const VideoDataOptions& options) {
  SAVP_CHECK(options.min_length <= options.clip_length, UsageError, "--min_length ", options.min_length,
             ": must not exceed --clip_length ", options.clip_length);
  SAVP_CHECK(options.val_fraction + options.test_fraction < 1, UsageError, "--val_fraction ",
             options.val_fraction, " and --test_fraction ", options.test_fraction,
             ": nothing is left to train on");
  const std::string& size = options.size;
  const size_t cross = size.find('x');
  const int64_t height = parse_pixels(std::string_view(size).substr(0, cross), size);
  const int64_t width =
      cross == std::string::npos ? height : parse_pixels(std::string_view(size).substr(cross + 1), size);
  return {{.height = height, .width = width, .channels = options.gray ? 1 : 3, .fps = options.fps},
          options.clip_length,
          options.min_length};
}

fs::path clips_path(const fs::path& folder, size_t video) { return folder / concat(video, ".tfrecords"); }

std::vector<ReadVideo> read_videos(const std::vector<fs::path>& paths, const ClipOptions& options,
                                   int64_t threads, const fs::path& folder) {
  std::vector<ReadVideo> videos;
  const auto count = static_cast<int64_t>(paths.size());
  const auto read = [&](int64_t i) {
    const auto video = static_cast<size_t>(i);
    return read_clips(paths[video], options, clips_path(folder, video));
  };
  in_order(count, worker_threads(threads), read, [&](int64_t i, const ReadVideo& video) {
    const std::string where = concat("[", i + 1, "/", count, "] ");
    if (video.refusal.empty())
      log::info(concat(where, paths[static_cast<size_t>(i)].string(), ": ", video.frames, " frames, ",
                       video.clips.size(), video.clips.size() == 1 ? " clip" : " clips"));
    else
      log::warn(concat(where, "left out, ", video.refusal));
    videos.push_back(video);
  });
  return videos;
}

void write_splits(const std::vector<ReadVideo>& videos, const Assignment& splits, const fs::path& clips,
                  const fs::path& folder) {
  std::vector<SplitWriter> writers;
  for (const char* name : kSplitNames) writers.emplace_back(folder / name, "sequence");
  for (size_t i = 0; i < videos.size(); ++i) {
    if (videos[i].clips.empty()) continue;
    TfRecordReader reader(clips_path(clips, i).string());
    for (size_t k = 0; k < splits[i].size(); ++k) {
      stop_if_interrupted();
      writers[static_cast<size_t>(splits[i][k])].write(reader.next().value(), videos[i].clips[k]);
    }
  }
  for (auto& writer : writers) writer.finish();
}

int64_t count_clips(const Assignment& splits, int split) {
  int64_t count = 0;
  for (const auto& of_video : splits) count += std::count(of_video.begin(), of_video.end(), split);
  return count;
}

Json describe(const VideoDataOptions& options, const ClipOptions& clips, const std::vector<fs::path>& paths,
              const Division& division) {
  Json manifest = {{"dataset", "video"},
                   {"made_by", "savp_preprocess videos"},
                   {"seed", options.seed},
                   {"height", clips.video.height},
                   {"width", clips.video.width},
                   {"channels", clips.video.channels},
                   {"fps", options.fps},
                   {"clip_length", options.clip_length},
                   {"min_length", options.min_length},
                   {"split_by", division.by_video ? "video" : "clip"}};
  for (int split = 0; split < 3; ++split) {
    const char* name = kSplitNames[static_cast<size_t>(split)];
    manifest["sequences"][name] = count_clips(division.splits, split);
    manifest["videos"][name] = Json::array();
    for (size_t i = 0; i < paths.size(); ++i)
      if (std::count(division.splits[i].begin(), division.splits[i].end(), split) > 0)
        manifest["videos"][name].push_back(paths[i].lexically_relative(options.input_dir).string());
  }
  return manifest;
}

void report(const Json& manifest, const VideoDataOptions& options) {
  if (manifest["split_by"] == "clip")
    log::warn(
        "too few videos to split by video: split by time, the last clips for test; scores will look better "
        "than "
        "they are");
  for (const char* name : kSplitNames)
    log::info(concat(name, ": ", manifest["sequences"][name], " clips of ", manifest["videos"][name].size(),
                     " videos"));
  const std::pair<const char*, double> asked[] = {{"val", options.val_fraction},
                                                  {"test", options.test_fraction}};
  for (const auto& [name, share] : asked)
    if (share > 0 && manifest["sequences"][name] == 0) log::warn(concat("nothing is left for ", name));
  log::info(concat("data set in ", options.output_dir));
}

}  // namespace

void make_video_data(const VideoDataOptions& options) {
  const ClipOptions clips = clip_options(options);
  const Findings found = find_videos(options.input_dir);
  report(found.others);
  SAVP_CHECK(!found.videos.empty(), DataError, options.input_dir,
             ": holds no videos and no folders of frames");
  PreparedFolder folder(options.output_dir, options.overwrite);
  const fs::path work = folder.path() / "clips";
  fs::create_directory(work);
  const auto videos = read_videos(found.videos, clips, options.threads, work);
  SAVP_CHECK(
      std::any_of(videos.begin(), videos.end(), [](const ReadVideo& video) { return !video.clips.empty(); }),
      DataError, options.input_dir, ": none of ", videos.size(),
      " videos can be used: see the reasons above; --min_length allows shorter ones");
  const Division division =
      divide(videos, {options.val_fraction, options.test_fraction}, static_cast<uint64_t>(options.seed));
  write_splits(videos, division.splits, work, folder.path());
  fs::remove_all(work);
  const Json manifest = describe(options, clips, found.videos, division);
  folder.finish(manifest);
  report(manifest, options);
}

}  // namespace savp
