#include "datasets/clips.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "datasets/clip_record.h"
#include "savp/core/error.h"
#include "savp/core/interrupt.h"
#include "savp/core/log.h"
#include "savp/core/text.h"
#include "savp/io/array_file.h"
#include "savp/io/tfrecord.h"

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

// images [N, T, H, W, C], and where they are there actions [N, T or T - 1, A] and states [N, T, S].
class ArrayClips {
 public:
  explicit ArrayClips(const fs::path& path) : path_(path), file_(path), images_(file_.open(images_name())) {
    const auto& shape = images_.header().shape;
    SAVP_CHECK(shape.size() == 5, DataError, images_.name(), ": has the shape ", shape_text(shape),
               ": five axes are needed, [sequences, frames, height, width, channels]");
    sequences_ = shape[0], length_ = shape[1];
    size_ = {shape[2], shape[3], shape[4]};
    check_images();
    actions_ = open_numbers("actions");
    states_ = open_numbers("states");
    warn_of_others();
  }

  int64_t sequences() const { return sequences_; }
  int64_t length() const { return length_; }
  const PictureSize& size() const { return size_; }

  std::string content() const {
    auto words = text(size_);
    if (floats()) words += " (float)";
    if (actions_) words += concat(", ", actions_->reader.header().shape[2], " actions");
    if (states_) words += concat(", ", states_->reader.header().shape[2], " states");
    return words;
  }

  // The next sequence as a record.
  std::string next(int64_t sequence) {
    Clip clip{.size = size_, .floats = floats()};
    const auto frames = floats() ? float_frames(sequence) : images_.read_bytes(length_ * size_.values());
    const auto bytes = frames.size() / static_cast<size_t>(length_);
    for (int64_t t = 0; t < length_; ++t)
      clip.frames.push_back(std::string_view(frames).substr(static_cast<size_t>(t) * bytes, bytes));
    if (actions_) clip.actions = actions_->next(length_ - 1);
    if (states_) clip.states = states_->next(length_);
    return clip_record(clip);
  }

  void finish() {
    images_.finish();
    if (actions_) actions_->reader.finish();
    if (states_) states_->reader.finish();
  }

 private:
  // Numbers that come with the frames, [N, steps, size].
  struct Numbers {
    ArrayReader reader;

    // Of the next sequence, the first `steps`: an action after the last frame leads nowhere.
    std::vector<float> next(int64_t steps) {
      const auto& shape = reader.header().shape;
      auto values = reader.read_floats(shape[1] * shape[2]);
      for (const float value : values)
        SAVP_CHECK(std::isfinite(value), DataError, reader.name(), ": holds a value that is not finite");
      values.resize(static_cast<size_t>(steps * shape[2]));
      return values;
    }
  };

  // The array of frames: "images", else the only one there is.
  std::string images_name() const {
    if (file_.has("images") || file_.names().size() != 1) return "images";
    return file_.names().front();
  }

  bool floats() const { return images_.header().type != NumberType::kUint8; }

  void check_images() const {
    constexpr int64_t kLargestSide = 1 << 13;          // pixels
    constexpr int64_t kLargestRecord = 1'900'000'000;  // bytes; protocol buffers end at 2 GiB
    const auto type = images_.header().type;
    const bool known =
        type == NumberType::kUint8 || type == NumberType::kFloat32 || type == NumberType::kFloat64;
    SAVP_CHECK(known, DataError, images_.name(), ": holds ", number_name(type),
               ": pictures must be uint8, or float32 or float64 from 0 to 1");
    const auto shape = shape_text(images_.header().shape);
    SAVP_CHECK(size_.channels == 1 || size_.channels == 3, DataError, images_.name(), ": has the shape ",
               shape, ": the last axis must hold 1 channel (gray) or 3 (red, green, blue)");
    SAVP_CHECK(sequences_ > 0 && length_ > 0 && size_.values() > 0, DataError, images_.name(),
               ": has the shape ", shape, ", which holds nothing");
    SAVP_CHECK(size_.height <= kLargestSide && size_.width <= kLargestSide, DataError, images_.name(),
               ": pictures of ", text(size_), " are too large");
    SAVP_CHECK(length_ <= kLargestRecord / (size_.values() * 4), DataError, images_.name(), ": sequences of ",
               length_, " frames of ", text(size_), " are too long: cut them into shorter ones");
  }

  std::optional<Numbers> open_numbers(const std::string& name) const {
    if (!file_.has(name)) return std::nullopt;
    Numbers numbers{file_.open(name)};
    const auto& shape = numbers.reader.header().shape;
    const bool actions = name == "actions";
    const bool fits = shape.size() == 3 && shape[0] == sequences_ && shape[2] > 0 && shape[2] < (1 << 20) &&
                      (shape[1] == length_ || (actions && shape[1] == length_ - 1));
    SAVP_CHECK(fits, DataError, numbers.reader.name(), ": has the shape ", shape_text(shape), ", but [",
               sequences_, ", ", length_, actions ? concat(" or ", length_ - 1) : "",
               ", numbers] belongs to images of the shape ", shape_text(images_.header().shape));
    return numbers;
  }

  void warn_of_others() const {
    for (const auto& name : file_.names())
      if (name != images_name() && name != "actions" && name != "states")
        log::warn(concat(path_.string(), ": the array ", name,
                         " is left out: images, actions and states are read"));
  }

  // float32, checked and brought into the range exactly.
  std::string float_frames(int64_t sequence) {
    constexpr float kSlack = 1e-5F;  // of rounding
    auto values = images_.read_floats(length_ * size_.values());
    for (size_t i = 0; i < values.size(); ++i) {
      const bool in_range = values[i] >= -kSlack && values[i] <= 1 + kSlack;  // false for NaN, too
      SAVP_CHECK(in_range, DataError, images_.name(), ": sequence ", sequence, ", frame ",
                 static_cast<int64_t>(i) / size_.values(), ": the value ", values[i],
                 " is not from 0 to 1: divide by 255, or store uint8");
      values[i] = std::clamp(values[i], 0.0F, 1.0F);
    }
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }

  fs::path path_;
  ArrayFile file_;
  ArrayReader images_;
  int64_t sequences_ = 0, length_ = 0;
  PictureSize size_;
  std::optional<Numbers> actions_, states_;
};

void read_array_clips(const fs::path& path, const ClipOptions& options, TfRecordWriter& writer,
                      ReadSource& read) {
  ArrayClips clips(path);
  read.content = clips.content();
  read.height = clips.size().height, read.width = clips.size().width, read.channels = clips.size().channels;
  read.frames = clips.length();
  if (clips.length() < options.min_length) return;
  for (int64_t i = 0; i < clips.sequences(); ++i) {
    stop_if_interrupted();
    writer.write(clips.next(i));
    read.clips.push_back(clips.length());
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
