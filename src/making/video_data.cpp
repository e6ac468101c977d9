#include "making/video_data.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/interrupt.h"
#include "core/log.h"
#include "core/text.h"
#include "io/folder_entries.h"
#include "io/image.h"
#include "io/tfrecord.h"
#include "making/clips.h"
#include "making/folder_split.h"
#include "making/own_data.h"
#include "making/prepared_folder.h"
#include "making/sources.h"
#include "making/video_split.h"
#include "making/workers.h"
#include "records/split_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHowToSkip =
    "savp_preprocess videos --skip_bad_videos leaves such files out, as --skip_bad_records does elsewhere";

// --- Options

int64_t parse_pixels(std::string_view text, const std::string& size) {
  constexpr int64_t kSmallest = 8, kLargest = 2048;
  int64_t pixels = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), pixels);
  SAVP_CHECK(
      failure == std::errc() && end == text.data() + text.size() && pixels >= kSmallest && pixels <= kLargest,
      UsageError, "--size ", size, ": must be a number of pixels or HEIGHTxWIDTH, from ", kSmallest, " to ",
      kLargest, ", or 0 to keep the size");
  return pixels;
}

// Height and width; 0: as stored.
std::pair<int64_t, int64_t> parse_size(const std::string& size) {
  if (size == "0") return {0, 0};
  const size_t cross = size.find('x');
  const int64_t height = parse_pixels(std::string_view(size).substr(0, cross), size);
  return {height,
          cross == std::string::npos ? height : parse_pixels(std::string_view(size).substr(cross + 1), size)};
}

ClipOptions clip_options(const VideoDataOptions& options) {
  SAVP_CHECK(options.min_length <= options.clip_length, UsageError, "--min_length ", options.min_length,
             ": must not exceed --clip_length ", options.clip_length);
  SAVP_CHECK(options.val_fraction + options.test_fraction < 1, UsageError, "--val_fraction ",
             options.val_fraction, " and --test_fraction ", options.test_fraction,
             ": nothing is left to train on");
  check_axes(options.array_axes);
  const auto [height, width] = parse_size(options.size);
  return {.video = {.height = height, .width = width, .channels = options.gray ? 1 : 3, .fps = options.fps},
          .arrays = {options.image_key, options.array_axes, {options.action_key, options.state_key}},
          .clip_length = options.clip_length,
          .min_length = options.min_length,
          .skip_bad = options.skip_bad_videos};
}

// --- Reading

std::string some_names(const std::vector<fs::path>& paths) {
  constexpr size_t kNamed = 5;
  std::vector<std::string> names;
  for (const fs::path& path : paths) {
    if (names.size() > kNamed) break;
    names.push_back(path.has_parent_path() && path.is_relative() ? path.string() : path.filename().string());
  }
  if (names.size() > kNamed) {
    names.resize(kNamed);
    names.emplace_back("more");
  }
  return join_words(names);
}

void warn_of_others(const Sources& sources) {
  if (!sources.others.empty())
    log::warn(concat("left out, no video: ", counted(static_cast<int64_t>(sources.others.size()), "file"),
                     " (", some_names(sources.others), ")"));
  constexpr size_t kTold = 5;
  for (size_t i = 0; i < std::min(kTold, sources.passed_over.size()); ++i)
    log::warn("left out, " + sources.passed_over[i]);
  if (sources.passed_over.size() > kTold)
    log::warn(concat("left out, ", sources.passed_over.size() - kTold, " more pipes, devices or links"));
}

// Sources, and the split of each that folders say.
struct Found {
  Sources sources;
  std::optional<std::vector<int>> splits;
};

// Pictures that lie in the input itself are a video without a name of its own: the first of them.
fs::path stray_name(const Source& source, const fs::path& input) {
  if (source.path != input) return source.path.lexically_relative(input);
  for (const auto& entry : folder_entries(input))
    if (is_picture_name(entry.path)) return entry.path.filename();
  return source.path.filename();
}

// What lies beside folders for splits never undoes them: it is left out.
void apply_folders(Found& found, const std::string& input) {
  const auto by_folder = split_by_folder(found.sources.found, input);
  if (!by_folder) return;
  std::vector<Source> kept;
  std::vector<fs::path> strays;
  found.splits.emplace();
  for (size_t i = 0; i < by_folder->splits.size(); ++i) {
    const auto& source = found.sources.found[i];
    if (const auto split = by_folder->splits[i]) {
      kept.push_back(source);
      found.splits->push_back(*split);
    } else {
      strays.push_back(stray_name(source, input));
    }
  }
  found.sources.found = std::move(kept);
  if (!strays.empty())
    log::warn(concat("left out, beside the folders for train, val and test: ",
                     counted(static_cast<int64_t>(strays.size()), "video"), " (", some_names(strays), ")"));
}

Found find(const VideoDataOptions& options) {
  Found found{find_sources(options.input_dir), std::nullopt};
  for (const auto& [path, complaint] : found.sources.damaged) {
    SAVP_CHECK(options.skip_bad_videos, DataError, complaint, " (", found.sources.damaged.size(),
               " such in all: ", kHowToSkip, ")");
    log::warn("left out, " + complaint);
  }
  warn_of_others(found.sources);
  SAVP_CHECK(!found.sources.found.empty(), DataError, options.input_dir,
             ": holds no videos, no folders of frames, no arrays (.npz, .npy) and no HDF5 files");
  apply_folders(found, options.input_dir);
  return found;
}

fs::path clips_path(const fs::path& folder, size_t source) { return folder / concat(source, ".tfrecords"); }

std::vector<ReadSource> read_all(const std::vector<Source>& sources, const ClipOptions& options,
                                 int64_t threads, const fs::path& folder) {
  std::vector<ReadSource> all;
  const auto count = static_cast<int64_t>(sources.size());
  Countdown countdown(count, count == 1 ? "file is read" : "files are read");
  const auto read = [&](int64_t i) {
    const auto source = static_cast<size_t>(i);
    try {
      return read_clips(sources[source], options, clips_path(folder, source));
    } catch (const DataError& error) {
      throw DataError(concat(error.what(), " (", kHowToSkip, ")"));
    }
  };
  in_order(count, worker_threads(threads), read, [&](int64_t, const ReadSource& source) {
    stop_if_interrupted();
    if (!source.refusal.empty()) log::warn("left out, " + source.refusal);
    all.push_back(source);
    countdown.step();
  });
  return all;
}

// The first one with clips, which all others must be like.
const ReadSource& check_all_alike(const std::vector<Source>& sources, const std::vector<ReadSource>& read) {
  size_t first = read.size();
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i].clips.empty()) continue;
    first = std::min(first, i);
    check_alike(sources[i].path.string(), read[i].content, sources[first].path.filename().string(),
                read[first].content);
  }
  return read[first];
}

// --- Dividing clips between train, val and test

// The split of every clip of every source.
using Assignment = std::vector<std::vector<int>>;

struct Division {
  Assignment splits;
  std::string by = "file";
};

// The units of a source that are divided, the clips of each: all it holds, its scenes, or the
// clips themselves.
using Units = std::function<std::vector<int64_t>(const ReadSource& source)>;

std::vector<int64_t> all_together(const ReadSource& source) {
  const auto clips = static_cast<int64_t>(source.clips.size());
  return clips > 0 ? std::vector{clips} : std::vector<int64_t>();
}
std::vector<int64_t> its_clips(const ReadSource& source) {
  return std::vector<int64_t>(source.clips.size(), 1);
}
std::vector<int64_t> its_scenes(const ReadSource& source) { return source.scenes; }

int64_t total(const std::vector<ReadSource>& sources, const Units& units) {
  int64_t sum = 0;
  for (const auto& source : sources) sum += static_cast<int64_t>(units(source).size());
  return sum;
}

// A split for each unit, spread over its clips.
Assignment spread(const std::vector<ReadSource>& sources, const std::vector<int>& splits,
                  const Units& units) {
  Assignment all;
  auto split = splits.begin();
  for (const auto& source : sources) {
    auto& of_source = all.emplace_back();
    for (const auto clips : units(source))
      of_source.insert(of_source.end(), static_cast<size_t>(clips), *split++);
  }
  return all;
}

// As the sources themselves say of their scenes; nothing where none does.
std::optional<Division> division_of_sources(const std::vector<Source>& sources,
                                            const std::vector<ReadSource>& read) {
  const auto tells = [](const ReadSource& source) { return !source.splits.empty(); };
  if (std::none_of(read.begin(), read.end(), tells)) return std::nullopt;
  std::vector<int> splits;
  for (size_t i = 0; i < read.size(); ++i) {
    SAVP_CHECK(
        tells(read[i]) || read[i].clips.empty(), DataError, sources[i].path.string(),
        ": does not divide its episodes (mask/train, mask/valid), other files do: put all into folders "
        "train, val and test");
    splits.insert(splits.end(), read[i].splits.begin(), read[i].splits.end());
  }
  return Division{spread(read, splits, its_scenes), "mask"};
}

// As the folders or the sources say; else by source, so that no scene is both trained on and tested on. Where
// there are too few sources for that, by the sequences of arrays; the clips of one video come to different
// splits on request alone.
Division divide(const Found& found, const std::vector<ReadSource>& read, const VideoDataOptions& options) {
  const SplitShares shares{options.val_fraction, options.test_fraction};
  if (found.splits) {
    Division division{{}, "folder"};
    for (size_t i = 0; i < read.size(); ++i)
      division.splits.emplace_back(read[i].clips.size(), (*found.splits)[i]);
    return division;
  }
  if (auto told = division_of_sources(found.sources.found, read)) return *std::move(told);
  const auto usable = total(read, all_together), scenes = total(read, its_scenes);
  if (enough_to_split(usable, shares))
    return {spread(read, split_by_lot(usable, shares, static_cast<uint64_t>(options.seed)), all_together)};
  if (options.split_within_videos && !enough_to_split(scenes, shares))
    return {spread(read, split_in_order(total(read, its_clips), shares), its_clips), "clip"};
  return {spread(read, split_in_order(scenes, shares), its_scenes), scenes > usable ? "sequence" : "file"};
}

void write_splits(const std::vector<ReadSource>& sources, const Assignment& splits, const fs::path& clips,
                  const fs::path& folder) {
  std::vector<SplitWriter> writers;
  for (const char* name : kSplitNames) writers.emplace_back(folder / name, "sequence");
  for (size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].clips.empty()) continue;
    TfRecordReader reader(clips_path(clips, i).string());
    for (size_t k = 0; k < splits[i].size(); ++k) {
      stop_if_interrupted();
      writers[static_cast<size_t>(splits[i][k])].write(reader.next().value(), sources[i].clips[k]);
    }
  }
  for (auto& writer : writers) writer.finish();
}

// --- Telling of it

int64_t count_clips(const Assignment& splits, int split) {
  int64_t count = 0;
  for (const auto& of_source : splits) count += std::count(of_source.begin(), of_source.end(), split);
  return count;
}

// Of a file that was given itself, its name.
std::string relative_name(const fs::path& path, const fs::path& input) {
  return path == input ? path.filename().string() : path.lexically_relative(input).string();
}

// Of damaged files and of files too short, sorted.
std::vector<std::string> left_out(const VideoDataOptions& options, const Sources& sources,
                                  const std::vector<ReadSource>& read) {
  std::vector<std::string> names;
  for (const auto& damaged : sources.damaged) names.push_back(relative_name(damaged.path, options.input_dir));
  for (size_t i = 0; i < read.size(); ++i)
    if (!read[i].refusal.empty()) names.push_back(relative_name(sources.found[i].path, options.input_dir));
  std::sort(names.begin(), names.end());
  return names;
}

Json describe(const VideoDataOptions& options, const std::vector<Source>& sources,
              const std::vector<ReadSource>& read, const Division& division) {
  const auto& first = check_all_alike(sources, read);
  Json manifest = {{"dataset", "video"},
                   {"made_by", "savp_preprocess videos"},
                   {"seed", options.seed},
                   {"height", first.height},
                   {"width", first.width},
                   {"channels", first.channels},
                   {"content", first.content},
                   {"fps", options.fps},
                   {"clip_length", options.clip_length},
                   {"min_length", options.min_length},
                   {"split_by", division.by}};
  for (int split = 0; split < 3; ++split) {
    const char* name = kSplitNames[static_cast<size_t>(split)];
    manifest["sequences"][name] = count_clips(division.splits, split);
    manifest["videos"][name] = Json::array();
    for (size_t i = 0; i < sources.size(); ++i)
      if (std::count(division.splits[i].begin(), division.splits[i].end(), split) > 0)
        manifest["videos"][name].push_back(relative_name(sources[i].path, options.input_dir));
  }
  return manifest;
}

void report(const Json& manifest, const VideoDataOptions& options) {
  if (manifest["split_by"] == "clip")
    log::warn(
        "too few files to split by file: split by time, the last clips for test; scores will look better "
        "than they are");
  for (const char* name : kSplitNames)
    log::info(concat(name, ": ", counted(manifest["sequences"][name], "clip"), " of ",
                     counted(static_cast<int64_t>(manifest["videos"][name].size()), "file")));
  const std::pair<const char*, double> asked[] = {{"val", options.val_fraction},
                                                  {"test", options.test_fraction}};
  for (const auto& [name, share] : asked)
    if (share > 0 && manifest["sequences"][name] == 0)
      log::warn(concat("nothing is left for ", name,
                       manifest["split_by"] == "folder" ? ": no folder is called like it"
                       : manifest["split_by"] == "mask"
                           ? ": no episode is listed for it"
                           : ": too few files to split (split_within_videos divides each video by time)"));
  if (const auto left_out = manifest["left_out"].size(); left_out > 0)
    log::warn(concat(left_out, " of the files were left out, for the reasons above"));
}

}  // namespace

void make_video_data(const VideoDataOptions& options) { make_video_data(options, /*largest_side=*/0, {}); }

void make_video_data(const VideoDataOptions& options, int64_t largest_side, const Json& more) {
  ClipOptions clips = clip_options(options);
  clips.largest_side = largest_side;
  const auto found = find(options);
  const auto& sources = found.sources.found;
  PreparedFolder folder(options.output_dir, options.overwrite);
  const fs::path work = folder.path() / "clips";
  make_folders(work);
  const auto read = read_all(sources, clips, options.threads, work);
  const auto usable = [](const ReadSource& source) { return !source.clips.empty(); };
  SAVP_CHECK(std::any_of(read.begin(), read.end(), usable), DataError, options.input_dir, ": none of ",
             counted(static_cast<int64_t>(read.size()), "file"), " can be used: ", read.front().refusal,
             "; --min_length allows shorter ones");
  const Division division = divide(found, read, options);
  Json manifest = describe(options, sources, read, division);
  manifest["left_out"] = left_out(options, found.sources, read);
  if (!more.is_null()) manifest.update(more);
  write_splits(read, division.splits, work, folder.path());
  fs::remove_all(work);
  folder.finish(manifest);
  report(manifest, options);
  log::info(concat("data set in ", options.output_dir));
}

}  // namespace savp
