#include "making/sources.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/text.h"
#include "io/array_file.h"
#include "io/folder_entries.h"
#include "io/image.h"
#include "io/video.h"
#include "making/array_clips.h"
#include "making/hdf5_episodes.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVideoEndings[] = {
    ".3g2", ".3gp",  ".apng", ".asf", ".avi", ".divx", ".dv",  ".f4v",  ".flv", ".gif",
    ".m1v", ".m2ts", ".m2v",  ".m4v", ".mkv", ".mov",  ".mp4", ".mpe",  ".mpg", ".mpeg",
    ".mts", ".mxf",  ".ogv",  ".qt",  ".rm",  ".ts",   ".vob", ".webm", ".wmv", ".y4m"};
// Parts of downloads and copies: whole videos may lie under such names, but are not meant.
constexpr std::string_view kUnfinishedEndings[] = {".aria2",   ".bak",  ".crdownload", ".download",
                                                   ".old",     ".orig", ".part",       ".swp",
                                                   ".partial", ".tmp",  ".ytdl"};

template <class Endings>
bool ends_like(const fs::path& path, const Endings& endings) {
  const auto ending = lower_case(path.extension().string());
  return std::find(std::begin(endings), std::end(endings), std::string_view(ending)) != std::end(endings);
}

bool is_unfinished(const fs::path& path) {
  return ends_like(path, kUnfinishedEndings) || path.filename().string().ends_with('~');
}

bool is_hdf5_name(const fs::path& path) {
  constexpr std::string_view kEndings[] = {".hdf5", ".h5"};
  return ends_like(path, kEndings);
}

// A file of arrays by its name.
struct KindOfArrays {
  Source::Kind kind;
  bool (*fits)(const fs::path&);
  bool (*may_hold_frames)(const fs::path&);
};
constexpr KindOfArrays kKindsOfArrays[] = {{Source::kArrays, is_array_name, may_hold_frames},
                                           {Source::kHdf5, is_hdf5_name, hdf5_may_hold_frames}};

// Null for other files.
const KindOfArrays* kind_of_arrays(const fs::path& path) {
  const auto* kind = std::find_if(std::begin(kKindsOfArrays), std::end(kKindsOfArrays),
                                  [&](const KindOfArrays& known) { return known.fits(path); });
  return kind == std::end(kKindsOfArrays) ? nullptr : kind;
}

bool is_data_name(const fs::path& path) {
  return ends_like(path, kVideoEndings) || is_picture_name(path) || kind_of_arrays(path) != nullptr;
}

bool is_numbers_name(const fs::path& path) {
  return is_array_name(path) || lower_case(path.extension().string()) == ".csv";
}

bool is_empty_file(const fs::path& path) {
  std::error_code failure;
  return fs::file_size(path, failure) == 0;
}

fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

// What a video and the files beside it have in common: "in/clip" of in/clip.mp4, of the folder in/clip, and
// of in/clip.csv.
fs::path common_name(const fs::path& video) {
  std::error_code failure;
  return fs::is_directory(video, failure) ? without_slash(video) : fs::path(video).replace_extension();
}

class Search {
 public:
  Search(Sources& sources, std::function<bool()> enough) : sources_(sources), enough_(std::move(enough)) {}

  void search(const fs::path& root) {
    walk_folders(root,
                 {.visit =
                      [&](const fs::path& folder, const std::vector<FolderEntry>& entries) {
                        sort_entries(folder, entries);
                        return !enough_();
                      },
                  .unreadable =
                      [&](const fs::path& folder, const std::string& complaint) {
                        sources_.damaged.push_back({folder, complaint});
                      },
                  .loop = [&](const fs::path&,
                              const std::string& complaint) { sources_.passed_over.push_back(complaint); }});
    take_beside(root);
    give_numbers();
    if (sources_.found.empty())  // what is wrong with them is for their reader to say
      for (const auto& path : no_frames_) sources_.found.push_back({kind_of_arrays(path)->kind, path});
    else
      sources_.others.insert(sources_.others.end(), no_frames_.begin(), no_frames_.end());
  }

  // The one that was given, with what lies beside it.
  void take_file(const fs::path& path) {
    sort_file(path);
    take_beside(path);
    give_numbers();
  }

  void sort_file(const fs::path& path) {
    noting_damage(path, [&] {
      if (const auto* kind = kind_of_arrays(path)) return sources_.found.push_back({kind->kind, path});
      if (ends_like(path, kVideoEndings)) return take_video(path);
      const bool is_video = !is_unfinished(path) && surely_is_video_file(path);
      if (is_video) return sources_.found.push_back({Source::kVideo, path});
      sources_.others.push_back(path);
    });
  }

 private:
  void sort_entries(const fs::path& folder, const std::vector<FolderEntry>& entries) {
    std::vector<fs::path> pictures, arrays;
    const size_t before = sources_.found.size();
    for (const auto& entry : entries) {
      if (entry.kind == FolderEntry::kFolder) continue;
      if (enough_()) return;
      if (entry.kind != FolderEntry::kFile)
        sort_no_file(entry);
      else if (is_picture_name(entry.path))
        pictures.push_back(entry.path);
      else if (kind_of_arrays(entry.path) != nullptr)
        arrays.push_back(entry.path);
      else
        sort_file(entry.path);
    }
    const bool are_frames = !pictures.empty() && sources_.found.size() == before;
    if (are_frames) sources_.found.push_back({Source::kVideo, folder});
    auto& others = sources_.others;
    if (!are_frames) others.insert(others.end(), pictures.begin(), pictures.end());
    for (const auto& path : arrays) {
      if (enough_()) return;
      if (are_frames)
        others.push_back(path);  // poses and the like
      else
        sort_arrays(path);
    }
  }

  // What lies beside the input, where that is a video itself.
  void take_beside(const fs::path& input) {
    const bool is_video = std::any_of(
        sources_.found.begin(), sources_.found.end(),
        [&](const Source& source) { return source.kind == Source::kVideo && source.path == input; });
    if (!is_video) return;
    for (const auto& path : files_beside(input))
      noting_damage(path, [&] {
        if (!is_array_name(path) || !may_hold_frames(path)) no_frames_.push_back(path);
      });
  }

  // Files without frames, to the videos of their names.
  void give_numbers() {
    std::map<fs::path, Source*> by_name;
    for (auto& source : sources_.found)
      if (source.kind == Source::kVideo) by_name[common_name(source.path)] = &source;
    for (auto* files : {&no_frames_, &sources_.others})
      std::erase_if(*files, [&](const fs::path& path) {
        const auto video = by_name.find(fs::path(path).replace_extension());
        if (!is_numbers_name(path) || video == by_name.end()) return false;
        give(path, *video->second);
        return true;
      });
  }

  void give(const fs::path& path, Source& video) {
    if (video.numbers.empty()) {
      video.numbers = path;
      return;
    }
    sources_.damaged.push_back(
        {path, concat(path.string(), ": ", video.numbers.filename().string(),
                      " may hold the actions and states of ", without_slash(video.path).filename().string(),
                      ", too: remove one of them")});
  }

  // A link that leads nowhere in the place of data is data that is missing.
  void sort_no_file(const FolderEntry& entry) {
    if (entry.kind == FolderEntry::kBroken && is_data_name(entry.path))
      sources_.damaged.push_back({entry.path, entry.complaint});
    else
      sources_.passed_over.push_back(entry.complaint);
  }

  void sort_arrays(const fs::path& path) {
    const auto& kind = *kind_of_arrays(path);
    bool frames = true;
    noting_damage(path, [&] { frames = kind.may_hold_frames(path); });
    if (!sources_.damaged.empty() && sources_.damaged.back().path == path) return;
    if (frames)
      sources_.found.push_back({kind.kind, path});
    else
      no_frames_.push_back(path);
  }

  void take_video(const fs::path& path) {
    if (is_video_file(path)) return sources_.found.push_back({Source::kVideo, path});
    throw DataError(concat(path.string(), is_empty_file(path) ? ": is an empty file, not a video"
                                                              : ": is not a video, or a damaged one"));
  }

  // What the body complains of is noted, and the search goes on.
  void noting_damage(const fs::path& path, const std::function<void()>& body) {
    try {
      body();
    } catch (const DataError& error) {
      sources_.damaged.push_back({path, error.what()});
    }
  }

  Sources& sources_;
  std::function<bool()> enough_;
  std::vector<fs::path> no_frames_;  // arrays of too few axes
};

Sources search(const fs::path& input, const std::function<bool(const Sources&)>& enough) {
  std::error_code failure;
  const auto status = fs::status(input, failure);
  SAVP_CHECK(fs::exists(status), DataError, input.string(), ": there is no such folder");
  Sources sources;
  Search search(sources, [&] { return enough(sources); });
  if (fs::is_directory(status)) {
    search.search(input);
  } else {
    SAVP_CHECK(fs::is_regular_file(status), DataError, input.string(), ": is neither a file nor a folder");
    search.take_file(input);
  }
  return sources;
}

}  // namespace

Sources find_sources(const fs::path& input) {
  return search(input, [](const Sources&) { return false; });
}

std::vector<fs::path> files_beside(const fs::path& video) {
  const auto name = common_name(video);
  std::vector<fs::path> files;
  std::error_code failure;
  fs::directory_iterator entry(name.has_parent_path() ? name.parent_path() : ".", failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    const auto path = name.parent_path() / entry->path().filename();
    std::error_code none;
    if (is_numbers_name(path) && fs::path(path).replace_extension() == name && entry->is_regular_file(none))
      files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool has_sources(const fs::path& input) {
  const auto is_file = [](const DamagedSource& source) {
    std::error_code failure;
    return !fs::is_directory(source.path, failure);
  };
  const auto any = [&](const Sources& sources) {
    return !sources.found.empty() || std::any_of(sources.damaged.begin(), sources.damaged.end(), is_file);
  };
  return any(search(input, any));
}

}  // namespace savp
