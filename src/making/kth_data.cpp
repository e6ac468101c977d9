#include "making/kth_data.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/folder_entries.h"
#include "io/pickle.h"
#include "io/video.h"
#include "making/clip_record.h"
#include "making/prepared_folder.h"
#include "making/video_jobs.h"
#include "records/kth_names.h"
#include "records/name_pattern.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr double kFramesPerSecond = 25;

// "person01_walking_d1" of ".../person01_walking_d1_uncomp.avi".
struct VideoName {
  std::string text, action;
  int64_t person = 0;
};

bool is_avi(const fs::path& path) { return lower_case(path.extension().string()) == ".avi"; }

std::optional<VideoName> parse_name(const fs::path& path) {
  constexpr std::string_view kEnd = "_uncomp";
  auto text = path.stem().string();
  if (text.ends_with(kEnd)) text.resize(text.size() - kEnd.size());
  const auto name = kth_name(text);
  const auto action_end = name ? name->rest.find('_') : std::string_view::npos;
  if (action_end == 0 || action_end == std::string_view::npos || action_end + 1 == name->rest.size())
    return std::nullopt;
  const std::string action(name->rest.substr(0, action_end));
  const bool letters =
      std::all_of(action.begin(), action.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
  return letters ? std::optional(VideoName{text, action, name->person}) : std::nullopt;
}

// Sorted by name.
std::vector<fs::path> find_videos(const fs::path& folder) {
  SAVP_CHECK(fs::is_directory(folder), DataError, folder.string(), ": there is no such folder");
  std::map<std::string, fs::path> videos;
  for (const auto& path : files_below(folder)) {
    if (!is_avi(path)) continue;
    const auto name = parse_name(path);
    SAVP_CHECK(name, DataError, path.string(), ": is not named like person01_walking_d1_uncomp.avi");
    const auto [known, is_new] = videos.emplace(name->text, path);
    SAVP_CHECK(is_new, DataError, path.string(), ": the same video as ", known->second.string());
  }
  SAVP_CHECK(!videos.empty(), DataError, folder.string(),
             ": holds no videos named like person01_walking_d1_uncomp.avi");
  std::vector<fs::path> paths;
  for (const auto& video : videos) paths.push_back(video.second);
  return paths;
}

// --- Sub-sequences: for each video, lists of frames (from 0).

using SubSequences = std::vector<std::vector<int64_t>>;

// "image-001_64x64.png" is frame 0.
int64_t frame_number(const Json& file, const std::string& where) {
  const auto name = file.is_string() ? file.get<std::string>() : "(no text)";
  constexpr std::string_view kStart = "image-";
  const auto end = name.find('_');
  const bool named = name.starts_with(kStart) && end != name.npos && end > kStart.size();
  const auto number =
      named ? short_number(std::string_view(name).substr(kStart.size(), end - kStart.size())) : std::nullopt;
  SAVP_CHECK(number && *number > 0 && *number <= 999999999, DataError, where, ": \"", shown(name),
             "\" does not name a frame as image-001_64x64.png does");
  return *number - 1;
}

SubSequences sub_sequences(const Json& files, const std::string& where) {
  SubSequences all;
  SAVP_CHECK(files.is_array(), DataError, where, ": its files are not a list");
  for (const auto& names : files) {
    SAVP_CHECK(names.is_array() && !names.empty(), DataError, where, ": its sub-sequence ", all.size(),
               " is not a list of frames");
    auto& frames = all.emplace_back();
    for (const auto& name : names) frames.push_back(frame_number(name, where));
  }
  return all;
}

// The published metadata: a list of {"vid": "person01_boxing_d1", "files": [["image-001_64x64.png",
// ...], ...]}.
class Metadata {
 public:
  Metadata(fs::path folder, int64_t size) : folder_(std::move(folder)), size_(size) {}

  // Reads what is needed for the videos of a split.
  void load(const std::vector<fs::path>& videos, const std::string& split) {
    const std::string kind = split == "test" ? "test" : "train";  // val is part of what is for training
    for (const auto& path : videos) {
      const auto name = parse_name(path).value();
      const auto file = folder_ / name.action / concat(kind, "_meta", size_, "x", size_, ".pkl");
      if (files_.insert(file).second) load(file);
      SAVP_CHECK(videos_.count(name.text) == 1, DataError, file.string(), ": has no entry for ", name.text);
    }
  }

  const SubSequences& of(const std::string& video) const { return videos_.at(video); }

 private:
  void load(const fs::path& file) {
    const Json entries = read_pickle(file);
    SAVP_CHECK(entries.is_array(), DataError, file.string(), ": is not a list of videos");
    for (const auto& entry : entries) {
      const bool sound =
          entry.is_object() && entry.contains("vid") && entry["vid"].is_string() && entry.contains("files");
      SAVP_CHECK(sound, DataError, file.string(), ": an entry has no \"vid\" or \"files\"");
      const auto video = entry["vid"].get<std::string>();
      const auto where = concat(file.string(), ", ", video);
      const auto is_new = videos_.emplace(video, sub_sequences(entry["files"], where)).second;
      SAVP_CHECK(is_new, DataError, where, ": has more than one entry");
    }
  }

  fs::path folder_;
  int64_t size_;
  std::set<fs::path> files_;  // read so far
  std::map<std::string, SubSequences> videos_;
};

// --- Reading

// The first channel, as the published preparation takes it.
Picture first_channel(const Picture& rgb) {
  Picture gray{rgb.height, rgb.width, 1, {}};
  for (size_t i = 0; i < rgb.pixels.size(); i += 3) gray.pixels.push_back(rgb.pixels[i]);
  return gray;
}

std::vector<Picture> read_frames(const fs::path& path, int64_t size) {
  std::vector<Picture> frames;
  VideoReader reader(path, {.height = size, .width = size, .fps = kFramesPerSecond, .plain = true});
  while (const auto frame = reader.next()) frames.push_back(first_channel(*frame));
  return frames;
}

VideoSequences cut(const fs::path& path, const std::vector<Picture>& frames, const SubSequences& parts) {
  VideoSequences sequences;
  for (const auto& part : parts) {
    std::vector<Picture> clip;
    for (const int64_t i : part) {
      SAVP_CHECK(i < static_cast<int64_t>(frames.size()), DataError, path.string(),
                 ": the metadata names frame ", i + 1, ", the video has ", frames.size());
      clip.push_back(frames[static_cast<size_t>(i)]);
    }
    sequences.records.push_back(clip_record(clip));
    sequences.lengths.push_back(static_cast<int64_t>(clip.size()));
  }
  return sequences;
}

VideoSequences whole(const std::vector<Picture>& frames) {
  return {{clip_record(frames)}, {static_cast<int64_t>(frames.size())}};
}

// Persons of the test are never trained with; those to validate with are chosen pseudo-randomly.
std::vector<VideoSplit> divide(const std::vector<fs::path>& videos, uint64_t seed) {
  std::vector<fs::path> training, test;
  for (const auto& path : videos)
    (parse_name(path)->person <= kLastKthTrainingPerson ? training : test).push_back(path);
  auto [train, val] = keep_for_validation(training, seed);
  return {{"train", std::move(train)}, {"val", std::move(val)}, {"test", std::move(test)}};
}

}  // namespace

void make_kth_data(const KthDataOptions& options) {
  const auto videos = find_videos(options.input_dir);
  VideoJobs jobs{.splits = divide(videos, static_cast<uint64_t>(options.seed)),
                 .root = options.input_dir,
                 .read = {},
                 .lengths_file = true,
                 .skip_bad = options.skip_bad_videos,
                 .threads = options.threads};
  std::optional<Metadata> metadata;
  if (options.meta_dir) {
    metadata.emplace(*options.meta_dir, options.size);
    for (const auto& split : jobs.splits) metadata->load(split.videos, split.name);
  }
  jobs.read = [&](const fs::path& path, const std::string& /*split*/) {
    const auto frames = read_frames(path, options.size);
    return metadata ? cut(path, frames, metadata->of(parse_name(path)->text)) : whole(frames);
  };
  PreparedFolder folder(options.output_dir, options.overwrite);
  Json manifest = {{"dataset", "kth"},
                   {"made_by", "savp_preprocess kth"},
                   {"seed", options.seed},
                   {"height", options.size},
                   {"width", options.size},
                   {"channels", 1},
                   {"fps", kFramesPerSecond},
                   {"split_by", "video, the test by person"},
                   {"sub_sequences", metadata ? "metadata" : "whole videos"}};
  manifest.update(write_videos(jobs, folder));
  folder.finish(manifest);
  log::info(concat("KTH in ", options.output_dir));
}

}  // namespace savp
