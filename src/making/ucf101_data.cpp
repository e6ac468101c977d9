#include "making/ucf101_data.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/log.h"
#include "io/folder_entries.h"
#include "io/video.h"
#include "io/whole_file.h"
#include "making/clip_record.h"
#include "making/prepared_folder.h"
#include "making/video_jobs.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr PictureSize kStored{240, 320, 3};
constexpr int kQuality = 95;  // of the JPEGs, 1 to 100
constexpr size_t kEveryTenth = 10;

// The lists of a kind ("train", "test"), sorted.
std::vector<fs::path> find_lists(const fs::path& folder, const std::string& kind, int64_t fold) {
  SAVP_CHECK(fs::is_directory(folder), DataError, folder.string(), ": there is no such folder");
  const auto start = concat(kind, "list");
  std::vector<fs::path> lists;
  for (const auto& entry : folder_entries(folder)) {
    const auto name = entry.path.filename().string();
    const bool wanted = fold == 0 ? name.starts_with(start) && name.ends_with(".txt")
                                  : name == concat(start, "0", fold, ".txt");
    if (entry.kind == FolderEntry::kFile && wanted) lists.push_back(entry.path);
  }
  SAVP_CHECK(!lists.empty(), DataError, folder.string(), ": holds no ", kind, "list",
             fold == 0 ? "*" : concat("0", fold), ".txt");
  std::sort(lists.begin(), lists.end());
  return lists;
}

// Each line is the path of a video, what follows a blank is its class.
std::vector<fs::path> read_list(const fs::path& list, const fs::path& videos) {
  std::istringstream file(read_whole_file(list));
  std::vector<fs::path> paths;
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const auto name = line.substr(0, line.find_first_of(" \t\r"));
    if (name.empty()) continue;
    paths.push_back(videos / name);
    SAVP_CHECK(fs::is_regular_file(paths.back()), DataError, list.string(), ", line ", number, ": ",
               paths.back().string(), " is not there");
  }
  SAVP_CHECK(!paths.empty(), DataError, list.string(), ": names no videos");
  return paths;
}

std::vector<fs::path> read_lists(const std::vector<fs::path>& lists, const fs::path& videos) {
  std::vector<fs::path> all;
  for (const auto& list : lists) {
    const auto more = read_list(list, videos);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<fs::path> every_tenth(const std::vector<fs::path>& videos) {
  std::vector<fs::path> kept;
  for (size_t i = 0; i < videos.size(); i += kEveryTenth) kept.push_back(videos[i]);
  return kept;
}

void warn_of_overlap(const std::vector<fs::path>& training, const std::vector<fs::path>& test) {
  const std::set<fs::path> known(training.begin(), training.end());
  const auto both =
      std::count_if(test.begin(), test.end(), [&](const auto& path) { return known.count(path) > 0; });
  if (both > 0)
    log::warn(concat(both, " of ", test.size(),
                     " test videos are in the training lists, too, as published; --fold 1 keeps them apart"));
}

std::vector<VideoSplit> divide(const Ucf101DataOptions& options) {
  const auto training = read_lists(find_lists(options.lists_dir, "train", options.fold), options.input_dir);
  const auto test_lists = find_lists(options.lists_dir, "test", options.fold);
  const auto test = read_lists(test_lists, options.input_dir);
  warn_of_overlap(training, test);
  auto [train, val] = keep_for_validation(training, static_cast<uint64_t>(options.seed));
  return {{"train", std::move(train)},
          {"val", std::move(val)},
          {"test", test},
          {"test_mathieu", every_tenth(read_list(test_lists.front(), options.input_dir))}};
}

// All frames as JPEGs of one size.
VideoSequences read(const fs::path& path) {
  std::vector<std::string> frames;
  VideoReader reader(path, {.plain = true});
  while (const auto frame = reader.next())
    frames.push_back(encode_jpeg(resize_linearly(*frame, kStored.height, kStored.width), kQuality));
  const auto length = static_cast<int64_t>(frames.size());
  return {{clip_record({.size = kStored, .frames = {frames.begin(), frames.end()}})}, {length}};
}

}  // namespace

void make_ucf101_data(const Ucf101DataOptions& options) {
  const VideoJobs jobs{.splits = divide(options),
                       .root = options.input_dir,
                       .read = [](const fs::path& path, const std::string& /*split*/) { return read(path); },
                       .lengths_file = false,
                       .skip_bad = options.skip_bad_videos,
                       .threads = options.threads};
  PreparedFolder folder(options.output_dir, options.overwrite);
  Json manifest = {{"dataset", "ucf101"},          {"made_by", "savp_preprocess ucf101"},
                   {"seed", options.seed},         {"fold", options.fold},
                   {"height", kStored.height},     {"width", kStored.width},
                   {"channels", kStored.channels}, {"split_by", "video"}};
  manifest.update(write_videos(jobs, folder));
  folder.finish(manifest);
  log::info(concat("UCF-101 in ", options.output_dir));
}

}  // namespace savp
