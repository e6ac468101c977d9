#include "io/video.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "io/folder_entries.h"
#include "io/frame_order.h"
#include "io/video_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// Hidden files are left out: file managers put pictures of their own among the frames.
std::vector<fs::path> frame_paths(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : folder_entries(folder)) {
    if (!is_picture_name(entry.path)) continue;
    SAVP_CHECK(entry.kind != FolderEntry::kBroken, DataError, entry.complaint);
    if (entry.kind == FolderEntry::kSpecial) log::warn("left out, no frame: " + entry.complaint);
    if (entry.kind == FolderEntry::kFile) paths.push_back(entry.path);
  }
  sort_frames(paths);
  return paths;
}

// Deep pictures are told of once: those of a data set are alike.
void tell_once(const std::string& note) {
  static std::atomic<bool> told = false;
  if (!note.empty() && !told.exchange(true)) log::warn(note);
}

class FrameFolder : public FrameSource {
 public:
  FrameFolder(const fs::path& folder, int64_t channels) : paths_(frame_paths(folder)), channels_(channels) {
    SAVP_CHECK(!paths_.empty(), DataError, folder.string(), ": holds no images (png, jpg, bmp, ...)");
  }

  std::optional<TimedPicture> next() override {
    if (index_ == paths_.size()) return std::nullopt;
    const fs::path& path = paths_[index_++];
    std::string note;
    TimedPicture frame{read_image(path, channels_, &note), static_cast<double>(index_ - 1)};
    tell_once(note);
    if (index_ == 1) height_ = frame.picture.height, width_ = frame.picture.width;
    SAVP_CHECK(frame.picture.height == height_ && frame.picture.width == width_, DataError, path.string(),
               ": is ", frame.picture.height, "x", frame.picture.width, " (height x width), but ",
               paths_.front().filename().string(), " is ", height_, "x", width_,
               ": the frames of a video must be of one size");
    return frame;
  }

  double fps() const override { return 0; }

 private:
  std::vector<fs::path> paths_;
  int64_t channels_;
  size_t index_ = 0;
  int64_t height_ = 0, width_ = 0;  // of the first
};

std::unique_ptr<FrameSource> open_source(const fs::path& path, const VideoOptions& options) {
  std::error_code failure;
  const auto status = fs::status(path, failure);
  SAVP_CHECK(fs::exists(status), DataError, path.string(), ": there is no such file or folder");
  if (fs::is_directory(status)) return std::make_unique<FrameFolder>(path, options.channels);
  // A pipe or a device might keep us waiting forever.
  SAVP_CHECK(fs::is_regular_file(status), DataError, path.string(), ": is neither a file nor a folder");
  return open_video_file(path, options);
}

}  // namespace

VideoReader::VideoReader(const fs::path& path, const VideoOptions& options)
    : VideoReader(open_source(path, options), options) {}

VideoReader::VideoReader(std::unique_ptr<FrameSource> source, const VideoOptions& options)
    : options_(options), source_(std::move(source)) {
  if (source_->fps() > 0 && options_.fps > 0) upcoming_ = source_->next();
}

std::optional<Picture> VideoReader::next() {
  std::optional<Picture> picture = pick();
  if (!picture || options_.height == 0 || options_.width == 0) return picture;
  return options_.plain ? resize(*picture, options_.height, options_.width)
                        : fit(*picture, options_.height, options_.width);
}

// The frame nearest to the time wanted next; times in files jitter, since they are rounded to milliseconds
// and the like.
std::optional<Picture> VideoReader::pick() {
  if (options_.fps <= 0 || source_->fps() <= 0) {
    auto frame = source_->next();
    return frame ? std::optional(std::move(frame->picture)) : std::nullopt;
  }
  const double wanted = static_cast<double>(picked_++) / options_.fps;  // seconds
  while (upcoming_ && (!shown_ || upcoming_->seconds - wanted <= wanted - shown_->seconds)) {
    shown_ = std::move(upcoming_);
    upcoming_ = source_->next();
  }
  const bool past_end = !upcoming_ && wanted > shown_->seconds + 0.5 / source_->fps();
  return past_end ? std::nullopt : std::optional(shown_->picture);
}

std::vector<Picture> read_video(const fs::path& path, const VideoOptions& options,
                                std::optional<int64_t> at_most) {
  VideoReader reader(path, options);
  std::vector<Picture> pictures;
  while (!at_most || static_cast<int64_t>(pictures.size()) < *at_most) {
    auto picture = reader.next();
    if (!picture) break;
    pictures.push_back(std::move(*picture));
  }
  return pictures;
}

bool is_frame_folder(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_directory(path, failure)) return false;
  const auto entries = folder_entries(path);
  return std::any_of(entries.begin(), entries.end(), [](const FolderEntry& entry) {
    return entry.kind == FolderEntry::kFile && is_picture_name(entry.path);
  });
}

}  // namespace savp
