#include "making/hdf5_episodes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/array_file.h"
#include "io/encoded_picture.h"
#include "io/frame_order.h"
#include "io/hdf5_file.h"
#include "io/memory_file.h"
#include "io/video_file.h"
#include "records/layouts.h"
#include "records/name_pattern.h"
#include "records/split_names.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// --- Cameras

// How the frames of a camera are stored, and under which names.
enum class Storage {
  kPixels,  // uint8 [frames, height, width, channels]
  kItems,   // a list of JPEG or PNG images
  kRows,    // the same as uint8 [frames, bytes], each filled up with zeros
  kMovie,   // the bytes of a video file
  kSingle,  // arrays frame0, frame1, ..., each the bytes of a JPEG or PNG image
};

struct Camera {
  std::string key;   // path within the episode; without the last part where that is frames or frame0
  std::string path;  // of the array within the episode, "%d" where there are many
  Storage storage = Storage::kPixels;
};

constexpr int64_t kMostFrames = int64_t{1} << 22;  // of an episode; a file of some bytes may claim any number

bool is_channels(int64_t length) { return length == 1 || length == 3; }

std::string first_bytes(const Hdf5Array& array) {
  constexpr int64_t kStart = 16;
  return array.rows() > 0 ? array.bytes(0, std::min(array.rows(), kStart)) : "";
}

// The last part of a path.
std::string last_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Nothing where an array holds no frames.
std::optional<Storage> storage_of(const Hdf5File& file, const std::string& name) {
  const auto array = file.open(name);
  const auto& shape = array.shape();
  if (array.type() == Hdf5Type::kBytes && shape.size() == 1 && array.rows() > 0 && is_encoded(array.item(0)))
    return Storage::kItems;
  if (array.type() != Hdf5Type::kUint8 || array.values() == 0) return std::nullopt;
  if (shape.size() == 4 && is_channels(shape.back())) return Storage::kPixels;
  constexpr int64_t kMostBytes = kMostPixels;
  if (shape.size() == 2 && shape[1] <= kMostBytes && is_encoded(array.bytes(0, 1))) return Storage::kRows;
  if (shape.size() != 1) return std::nullopt;
  const auto start = first_bytes(array);
  if (is_encoded(start)) return Storage::kSingle;
  return last_of(name) == "frames" ? std::optional(Storage::kMovie) : std::nullopt;
}

// None for arrays that hold no frames, and for all frames of a row but the first.
std::optional<Camera> camera_of(const Hdf5File& file, const std::string& root, const std::string& path) {
  const auto storage = storage_of(file, root + path);
  if (!storage) return std::nullopt;
  const auto last = last_of(path);
  const auto before = path.substr(0, path.size() - last.size());
  const auto key = before.empty() ? path : before.substr(0, before.size() - 1);
  if (*storage != Storage::kSingle) return Camera{last == "frames" ? key : path, path, *storage};
  if (last != "frame0") return std::nullopt;
  return Camera{key, before + "frame%d", *storage};
}

// "[12, 8, 8, 3] of uint8".
std::string described(const Hdf5Array& array) {
  return concat(shape_text(array.shape()), " of ", array.type_name());
}

std::string keys_of(const std::vector<Camera>& cameras) {
  constexpr size_t kNamed = 12;
  std::vector<std::string> keys;
  for (const auto& camera : cameras)
    if (keys.size() < kNamed) keys.push_back(shown(camera.key));
  if (cameras.size() > kNamed) keys.push_back(concat(cameras.size() - kNamed, " more"));
  return join_words(keys);
}

// --- Frames

// Encoded or raw, one at a time.
using NextFrame = std::function<std::optional<Picture>(int64_t)>;

// All of one size.
class Frames : public FrameSource {
 public:
  Frames(std::string place, int64_t channels, NextFrame next)
      : place_(std::move(place)), channels_(channels), next_(std::move(next)) {}

  std::optional<TimedPicture> next() override {
    auto picture = next_(index_);
    if (!picture) return std::nullopt;
    check_size({picture->height, picture->width});
    return TimedPicture{with_channels(*picture, channels_), static_cast<double>(index_++)};
  }
  double fps() const override { return 0; }

 private:
  using Sides = std::pair<int64_t, int64_t>;

  void check_size(const Sides& sides) {
    if (index_ == 0) first_ = sides;
    SAVP_CHECK(sides == first_, DataError, place_, ": frame ", index_, " is an image of ", sides.first, "x",
               sides.second, ", those before it of ", first_.first, "x", first_.second,
               " (height x width): all must be of one size");
  }

  std::string place_;
  int64_t channels_;
  NextFrame next_;
  int64_t index_ = 0;
  Sides first_;
};

Picture decoded(const std::string& encoded, const std::string& place) {
  Picture picture;
  in_part([&] { return place; },
          [&] {
            const auto size = bounded_size(encoded);
            picture = {size.height, size.width, size.channels, {}};
            picture.pixels.resize(static_cast<size_t>(size.values()));
            decode_picture(encoded, size, picture.pixels.data());
          });
  return picture;
}

// Some frames at a time: those of a chunk are unpacked together.
class PixelRows {
 public:
  explicit PixelRows(Hdf5Array array) : array_(std::make_shared<Hdf5Array>(std::move(array))) {
    const auto& shape = array_->shape();
    SAVP_CHECK(shape[1] <= kMostPixels && shape[2] <= kMostPixels && shape[1] * shape[2] <= kMostPixels,
               DataError, array_->name(), ": frames of ", shape[1], "x", shape[2],
               " (height x width) are too large: at most ", kMostPixels, " pixels are read");
  }

  std::optional<Picture> operator()(int64_t t) {
    constexpr int64_t kPortion = int64_t{1} << 25;  // bytes
    const auto& shape = array_->shape();
    if (t >= shape[0]) return std::nullopt;
    Picture picture{shape[1], shape[2], shape[3], {}};
    const auto bytes = picture.height * picture.width * picture.channels;
    if (t < first_ || t >= first_ + count_) {
      first_ = t;
      count_ = std::min(std::max<int64_t>(1, kPortion / bytes), shape[0] - t);
      portion_ = array_->bytes(first_, count_);
    }
    const auto from = portion_.begin() + (t - first_) * bytes;
    picture.pixels.assign(from, from + bytes);
    return picture;
  }

 private:
  std::shared_ptr<Hdf5Array> array_;
  std::string portion_;
  int64_t first_ = 0, count_ = 0;  // frames of the portion
};

// A video file within the file.
class Movie : public FrameSource {
 public:
  Movie(const Hdf5Array& array, const VideoOptions& options)
      : name_(array.name()), file_(array.bytes(0, checked(array))) {
    in_name([&] { video_ = open_video_file(file_.path(), options); });
  }

  std::optional<TimedPicture> next() override {
    std::optional<TimedPicture> frame;
    in_name([&] { frame = video_->next(); });
    return frame;
  }
  double fps() const override { return 0; }  // numbers belong to every frame

 private:
  static int64_t checked(const Hdf5Array& array) {
    constexpr int64_t kLargest = int64_t{1} << 30;  // bytes
    SAVP_CHECK(array.rows() <= kLargest, DataError, array.name(), ": a video of ", array.rows(),
               " bytes is too large");
    return array.rows();
  }

  template <class Body>
  void in_name(const Body& body) {
    try {
      body();
    } catch (const DataError& error) {
      std::string what = error.what();
      const auto at = what.find(file_.path());
      throw DataError(at == std::string::npos ? concat(name_, ": ", what)
                                              : what.replace(at, file_.path().size(), name_));
    }
  }

  std::string name_;
  MemoryFile file_;
  std::unique_ptr<FrameSource> video_;
};

class Episodes : public Hdf5Episodes {
 public:
  Episodes(const fs::path& path, const std::string& image_key, const NumberKeys& keys)
      : path_(path),
        file_(path),
        keys_(keys),
        roots_(find_roots()),
        camera_(choose_camera(image_key)),
        splits_(read_masks()) {
    warn_of_links();
  }

  int64_t count() const override { return static_cast<int64_t>(roots_.size()); }

  bool divided() const override { return !splits_.empty(); }

  std::optional<int> split(int64_t episode) const override {
    const auto name = fs::path(root_of(episode)).parent_path().filename().string();
    const auto known = splits_.find(name);
    return known == splits_.end() ? std::nullopt : std::optional(known->second);
  }

  std::string place(int64_t episode) const override {
    const auto& root = root_of(episode);
    return root.empty() ? path_.string()
                        : concat(path_.string(), ", ", shown(root.substr(0, root.size() - 1)));
  }

  std::unique_ptr<FrameSource> frames(int64_t episode, const VideoOptions& options) const override {
    const auto root = root_of(episode);
    const auto made = [&](NextFrame next) {
      return std::make_unique<Frames>(concat(place(episode), root.empty() ? ", " : "/", shown(camera_.key)),
                                      options.channels, std::move(next));
    };
    if (camera_.storage == Storage::kSingle) return made(single_frames(root));
    const auto name = root + camera_.path;
    SAVP_CHECK(file_.has(name), DataError, place(episode), ": has no frames ", shown(camera_.path));
    auto array = file_.open(name);
    SAVP_CHECK(storage_of(file_, name) == camera_.storage, DataError, array.name(), ": is ", described(array),
               " and holds no frames like those of ", place(0));
    if (camera_.storage == Storage::kMovie) return std::make_unique<Movie>(array, options);
    SAVP_CHECK(array.rows() <= kMostFrames, DataError, array.name(), ": an episode of ", array.rows(),
               " frames is too long: at most ", kMostFrames, " are read");
    if (camera_.storage == Storage::kPixels) return made(PixelRows(std::move(array)));
    return made(encoded_frames(std::make_shared<Hdf5Array>(std::move(array)), camera_.storage));
  }

  StepNumbers numbers(int64_t episode) const override {
    const auto root = root_of(episode);
    const auto find = [&](const std::string& name) { return rows_of(root, name); };
    return find_step_numbers(keys_, {place(episode), [&] { return list_below(root); }}, find, find);
  }

 private:
  static constexpr const char* kPrefixes[] = {"",        "obs/",          "env/",
                                              "policy/", "observations/", "observations/images/"};

  const std::string& root_of(int64_t episode) const { return roots_[static_cast<size_t>(episode)]; }

  // "data/demo_0/", ... in the order of their numbers, or "" for a file of one episode.
  std::vector<std::string> find_roots() const {
    std::vector<fs::path> groups;
    for (const auto& name : file_.names()) {
      const auto second = name.starts_with("data/") ? name.find('/', 5) : std::string::npos;
      if (second == std::string::npos) continue;
      const fs::path group = name.substr(0, second);
      if (groups.empty() || groups.back() != group) groups.push_back(group);
    }
    if (groups.empty()) return {""};
    sort_names(groups);
    std::vector<std::string> roots;
    for (const auto& group : groups) roots.push_back(group.string() + "/");
    return roots;
  }

  std::vector<std::string> names_below(const std::string& root) const {
    std::vector<std::string> names;
    const auto& all = file_.names();
    for (auto name = std::lower_bound(all.begin(), all.end(), root);
         name != all.end() && name->starts_with(root); ++name)
      names.push_back(name->substr(root.size()));
    return names;
  }

  std::string list_below(const std::string& root) const {
    constexpr size_t kNamed = 40;
    std::vector<std::string> some;
    const auto all = names_below(root);
    for (const auto& name : all) {
      if (some.size() == kNamed) break;
      some.push_back(concat(shown(name), " ", described(file_.open(root + name))));
    }
    if (all.size() > kNamed) some.push_back(concat(all.size() - kNamed, " more"));
    return some.empty() ? "no arrays" : join_words(some);
  }

  // Those of the first episode; what is seen a step later is no camera of its own.
  std::vector<Camera> find_cameras() const {
    std::vector<Camera> cameras;
    for (const auto& name : names_below(roots_.front()))
      if (!name.starts_with("next_obs/"))
        if (auto camera = camera_of(file_, roots_.front(), name)) cameras.push_back(std::move(*camera));
    return cameras;
  }

  Camera choose_camera(const std::string& key) const {
    const auto cameras = find_cameras();
    SAVP_CHECK(
        !cameras.empty(), DataError, place(0),
        ": no array holds frames (uint8 [frames, height, width, 1 or 3], a list of JPEG or PNG images, "
        "arrays frame0, frame1, ... of these, or a video file in an array frames; others must be "
        "converted); there are ",
        list_below(roots_.front()));
    if (!key.empty()) return camera_named(cameras, key);
    for (const char* usual : {"obs/agentview_image", "env/cam0_video"})
      for (const auto& camera : cameras)
        if (camera.key == usual) return camera;
    SAVP_CHECK(cameras.size() == 1, DataError, place(0), ": there are frames of several cameras (",
               keys_of(cameras), "): choose one with image_key (--image_key, or in --dataset_hparams)");
    return cameras.front();
  }

  Camera camera_named(const std::vector<Camera>& cameras, const std::string& key) const {
    for (const char* prefix : kPrefixes)
      for (const auto& camera : cameras)
        if (camera.key == prefix + key || camera.path == prefix + key) return camera;
    for (const char* prefix : kPrefixes)
      if (const auto name = roots_.front() + prefix + key; file_.has(name))
        throw DataError(concat(place(0), ": ", shown(key), " (image_key) is ", described(file_.open(name)),
                               " and holds no frames; there are ", keys_of(cameras)));
    throw DataError(
        concat(place(0), ": there are no frames ", shown(key), " (image_key); there are ", keys_of(cameras)));
  }

  void warn_of_links() const {
    const auto& links = file_.links_elsewhere();
    if (links.empty()) return;
    log::warn(concat(path_.string(), ": ", counted(static_cast<int64_t>(links.size()), "link"),
                     " to other files, or to nothing, left out (", shown(links.front()),
                     links.size() > 1 ? ", ..." : "", ")"));
  }

  // The split of each episode by its name; none unless there are lists for train and another split.
  std::map<std::string, int> read_masks() const {
    std::map<std::string, int> splits;
    std::set<int> there;
    for (const auto& mask : names_below("mask/")) {
      const auto split = split_named(mask);
      if (!split) continue;
      const auto list = file_.open("mask/" + mask);
      constexpr int64_t kMostNames = 1 << 20;
      const bool names = list.type() == Hdf5Type::kBytes && list.shape().size() == 1;
      SAVP_CHECK(names && list.rows() <= kMostNames, DataError, list.name(),
                 ": is no list of names of episodes");
      there.insert(*split);
      for (int64_t row = 0; row < list.rows(); ++row) {
        const auto text = list.item(row);
        const auto name = text.substr(0, text.find('\0'));
        const auto [known, is_new] = splits.emplace(name, *split);
        SAVP_CHECK(is_new || known->second == *split, DataError, list.name(), ": ", shown(name),
                   " is in the list of another split, too");
      }
    }
    return there.count(0) > 0 && there.size() > 1 ? splits : std::map<std::string, int>();
  }

  // --- Frames that are encoded

  NextFrame single_frames(const std::string& root) const {
    const auto below = names_below(root);
    const auto count = std::count_if(below.begin(), below.end(), [&](const std::string& name) {
      return match_name(name, camera_.path).has_value();
    });
    return [this, root, count](int64_t t) -> std::optional<Picture> {
      if (t == count) return std::nullopt;
      auto path = camera_.path;
      path.replace(path.rfind("%d"), 2, std::to_string(t));
      SAVP_CHECK(file_.has(root + path), DataError, path_.string(), ", ", shown(root + path),
                 ": this frame is missing: there are ", count, " in all");
      const auto array = file_.open(root + path);
      SAVP_CHECK(array.type() == Hdf5Type::kUint8 && array.values() <= kMostPixels, DataError, array.name(),
                 ": is ", described(array), " and holds no image");
      return decoded(array.bytes(0, array.rows()), array.name());
    };
  }

  static NextFrame encoded_frames(std::shared_ptr<Hdf5Array> array, Storage storage) {
    return [array = std::move(array), storage](int64_t t) -> std::optional<Picture> {
      if (t >= array->rows()) return std::nullopt;
      auto bytes = storage == Storage::kItems ? array->item(t) : array->bytes(t, 1);
      const auto last = bytes.find_last_not_of('\0');  // they are filled up with zeros
      if (storage == Storage::kRows) bytes.resize(last == std::string::npos ? 0 : last + 1);
      return decoded(bytes, concat(array->name(), ", frame ", t));
    };
  }

  // --- Numbers

  std::optional<NumberRows> rows_of(const std::string& root, const std::string& name) const {
    for (const char* prefix : kPrefixes)
      if (const auto path = root + prefix + name; file_.has(path)) return rows_in(file_.open(path));
    return std::nullopt;
  }

  static NumberRows rows_in(const Hdf5Array& array) {
    constexpr int64_t kMostValues = int64_t{1} << 26;
    const auto axes = array.shape().size();
    const bool numbers = array.type() == Hdf5Type::kNumber || array.type() == Hdf5Type::kUint8;
    SAVP_CHECK(numbers && (axes == 1 || axes == 2) && array.values() > 0 && array.values() <= kMostValues,
               DataError, array.name(), ": is ", described(array), ", but [steps, numbers] is needed");
    return {array.floats(0, array.rows()), array.rows(), array.values() / array.rows()};
  }

  fs::path path_;
  Hdf5File file_;
  NumberKeys keys_;
  std::vector<std::string> roots_;  // of the episodes
  Camera camera_;
  std::map<std::string, int> splits_;  // of episodes by name
};

}  // namespace

std::unique_ptr<Hdf5Episodes> open_hdf5_episodes(const fs::path& path, const std::string& image_key,
                                                 const NumberKeys& keys) {
  return std::make_unique<Episodes>(path, image_key, keys);
}

bool hdf5_may_hold_frames(const fs::path& path) {
  const Hdf5File file(path);
  return std::any_of(file.names().begin(), file.names().end(),
                     [&](const std::string& name) { return storage_of(file, name).has_value(); });
}

}  // namespace savp
