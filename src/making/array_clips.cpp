#include "making/array_clips.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/array_file.h"
#include "making/clip_record.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// N sequences, T frames, H height, W width, C channels.
constexpr std::string_view kAxes[] = {"NTHWC", "NTHW", "NTCHW", "TNHWC", "TNHW",
                                      "TNCHW", "THWC", "THW",   "TCHW"};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool is_channels(int64_t length) { return length == 1 || length == 3; }

// What a shape alone says; empty: it may be NTHW or TNHW.
std::string axes_of_shape(const ArrayReader& images) {
  const auto& shape = images.header().shape;
  if (shape.size() == 3) return "THW";
  if (shape.size() == 5) return !is_channels(shape[4]) && is_channels(shape[2]) ? "NTCHW" : "NTHWC";
  SAVP_CHECK(shape.size() == 4, DataError, images.name(), ": has the shape ", shape_text(shape),
             ": frames are needed, as [sequences, frames, height, width, channels], [frames, height, width, "
             "channels], or the same without channels");
  if (shape[3] < 8) return "THWC";  // no width
  if (shape[1] == 1) return "TCHW";
  SAVP_CHECK(shape[1] != 3, DataError, images.name(), ": has the shape ", shape_text(shape),
             ": whether the second axis holds channels, frames or sequences cannot be told: say "
             "array_axes=TCHW, NTHW or TNHW (--array_axes, or in --dataset_hparams)");
  return "";
}

bool is_image_type(NumberType type) {
  return type == NumberType::kUint8 || type == NumberType::kFloat32 || type == NumberType::kFloat64;
}

// Nothing for texts and the like beside other arrays.
std::optional<ArrayHeader> header_of(const ArrayFile& file, const std::string& name) {
  try {
    return file.open(name).header();
  } catch (const NoNumbersError&) {
    if (file.names().size() == 1) throw;
    return std::nullopt;
  }
}

std::string list_of_arrays(const ArrayFile& file) {
  constexpr size_t kNamed = 12;
  std::vector<std::string> all;
  for (const auto& name : file.names()) {
    if (all.size() == kNamed) break;
    const auto header = header_of(file, name);
    all.push_back(header
                      ? concat(shown(name), " ", shape_text(header->shape), " of ", number_name(header->type))
                      : shown(name) + " of no numbers");
  }
  if (file.names().size() > all.size()) all.push_back(concat(file.names().size() - all.size(), " more"));
  return join_words(all);
}

// The array of frames: the one asked for, "images", the only one, or the only one that can be.
std::string choose_images(const fs::path& path, const ArrayFile& file, const std::string& key) {
  const bool one_file = file.names().size() == 1 && file.names().front().empty();
  if (!key.empty() && !one_file) {
    SAVP_CHECK(file.has(key), DataError, path.string(), ": holds no array ", key, "; there are ",
               list_of_arrays(file));
    return key;
  }
  if (file.has("images")) return "images";
  if (file.names().size() == 1) return file.names().front();
  std::vector<std::string> possible, with_frames;
  for (const auto& name : file.names()) {
    const auto header = header_of(file, name);
    if (!header || header->shape.size() < 3 || !is_image_type(header->type)) continue;
    possible.push_back(name);
    if (header->shape.size() >= 4) with_frames.push_back(name);  // actions and states have three axes at most
  }
  for (const auto* names : {&possible, &with_frames})
    if (names->size() == 1) return names->front();
  throw DataError(
      concat(path.string(), ": holds no array images, and it is not clear which one holds the frames: ",
             list_of_arrays(file), "; name it with --image_key or --dataset_hparams image_key=..."));
}

// Without those after the last frame of each sequence.
constexpr NumberKind kActionsBetween{kActions.hparam, kActions.usual, /*may_lack_last=*/false};

// Values of [T, N, size] as [N, T, size].
std::vector<float> sequences_first(const std::vector<float>& values, int64_t sequences, int64_t size) {
  std::vector<float> turned;
  const auto steps = static_cast<int64_t>(values.size()) / (sequences * size);
  for (int64_t n = 0; n < sequences; ++n)
    for (int64_t t = 0; t < steps; ++t) {
      const auto from = values.begin() + (t * sequences + n) * size;
      turned.insert(turned.end(), from, from + size);
    }
  return turned;
}

}  // namespace

void check_axes(const std::string& axes) {
  const auto known = std::find(std::begin(kAxes), std::end(kAxes), upper(axes)) != std::end(kAxes);
  const std::vector<std::string> all(std::begin(kAxes), std::end(kAxes));
  SAVP_CHECK(axes.empty() || known, UsageError, "array_axes=", axes, ": must be one of ", join_words(all),
             " (N sequences, T frames, H height, W width, C channels)");
}

bool may_hold_frames(const fs::path& path) {
  constexpr int64_t kSmallestSide = 8;  // of [frames, height, width]; less are poses, actions and the like
  const ArrayFile file(path);
  return std::any_of(file.names().begin(), file.names().end(), [&](const std::string& name) {
    const auto header = header_of(file, name);
    const auto shape = header ? header->shape : std::vector<int64_t>();
    return shape.size() > 3 || (shape.size() == 3 && std::min(shape[1], shape[2]) >= kSmallestSide);
  });
}

class ArrayClips::Body {
 public:
  Body(const fs::path& path, const ArrayOptions& options)
      : path_(path),
        file_(path),
        images_name_(choose_images(path, file_, options.image_key)),
        images_(file_.open(images_name_)) {
    settle_axes(upper(options.axes));
    check_images();
    if (has('N') && axes_.front() == 'T' && !images_.seek(0)) take_into_memory();
    const NumberPlace place{path.string(), [&] { return "the arrays " + list_of_arrays(file_); }};
    const auto find = [&](bool actions) {
      return [this, actions](const std::string& name) { return open_numbers(name, actions); };
    };
    actions_ = find_rows(kActionsBetween, options.keys.actions, place, find(/*actions=*/true));
    states_ = find_rows(kStates, options.keys.states, place, find(/*actions=*/false));
    warn_of_others();
  }

  bool has(char axis) const { return axes_.find(axis) != std::string::npos; }
  int64_t along(char axis, int64_t otherwise) const {
    return has(axis) ? images_.header().shape[axes_.find(axis)] : otherwise;
  }
  int64_t sequences() const { return along('N', 1); }
  int64_t length() const { return along('T', 0); }
  const PictureSize& size() const { return size_; }

  std::string content() const {
    auto words = text(size_);
    if (floats()) words += " (float)";
    if (actions_) words += concat(", ", actions_->size, " actions");
    if (states_) words += concat(", ", states_->size, " states");
    return words;
  }

  std::string record(int64_t sequence, int64_t first, int64_t count) {
    Clip clip{.size = size_, .floats = floats()};
    std::string frames;
    for (int64_t t = first; t < first + count; ++t) frames += frame(sequence, t);
    const auto bytes = frames.size() / static_cast<size_t>(count);
    for (int64_t t = 0; t < count; ++t)
      clip.frames.push_back(std::string_view(frames).substr(static_cast<size_t>(t) * bytes, bytes));
    if (actions_) clip.actions = actions_->some(sequence * (length() - 1) + first, count - 1);
    if (states_) clip.states = states_->some(sequence * length() + first, count);
    return clip_record(clip);
  }

  void finish() {
    if (!memory_.empty() || images_.seek(0)) return;
    const auto all = images_.header().values() / size_.values();
    for (; next_ < all; ++next_) images_.read_bytes(size_.values());
    images_.finish();
  }

 private:
  // --- What the array is

  bool floats() const { return images_.header().type != NumberType::kUint8; }

  void settle_axes(const std::string& asked) {
    const auto& shape = images_.header().shape;
    axes_ = asked.empty() ? axes_of_shape(images_) : asked;
    if (axes_.empty()) axes_ = axes_of_motion();
    SAVP_CHECK(axes_.size() == shape.size(), DataError, images_.name(), ": has the shape ", shape_text(shape),
               ", which array_axes=", axes_, " does not fit");
    size_ = {along('H', 0), along('W', 0), along('C', 1)};
  }

  // One frame after the other changes little; one sequence after the other changes all.
  std::string axes_of_motion() const {
    const auto& shape = images_.header().shape;
    const auto name = path_.filename().string();
    if (name.starts_with("mnist_test_seq") && shape[0] == 20) return "TNHW";  // as published
    const double along_first = mean_change(0), along_second = mean_change(1);
    constexpr double kClear = 0.8;
    const bool first = along_first < kClear * along_second, second = along_second < kClear * along_first;
    SAVP_CHECK(first || second, DataError, images_.name(), ": has the shape ", shape_text(shape),
               ": whether sequences or frames come first cannot be told: say array_axes=NTHW ([sequences, "
               "frames, height, width]) or array_axes=TNHW (--array_axes, or in --dataset_hparams)");
    const char* axes = first ? "TNHW" : "NTHW";
    log::info(concat(images_.name(), ": the shape ", shape_text(shape), " is taken for ", axes,
                     first ? " (frames come first)" : " (sequences come first)",
                     ", since the frames change least along it; array_axes decides otherwise"));
    return axes;
  }

  // Between neighbours along an axis, of the first few.
  double mean_change(size_t axis) const {
    constexpr int64_t kPairs = 8, kMostFrames = 1 << 15;
    const auto& shape = images_.header().shape;
    const auto values = shape[2] * shape[3], step = axis == 0 ? shape[1] : 1;
    const auto pairs = std::min({kPairs, shape[axis] - 1, kMostFrames / std::max<int64_t>(step, 1)});
    auto reader = file_.open(images_name_);
    std::vector<float> last;
    double change = 0;
    int64_t at = 0;  // frame
    for (int64_t i = 0; i <= pairs; ++i) {
      if (reader.seek(i * step * values)) at = i * step;
      for (; at < i * step; ++at) reader.read_bytes(values);
      auto frame = reader.read_floats(values);
      ++at;
      for (size_t k = 0; k < last.size(); ++k) change += std::abs(static_cast<double>(frame[k]) - last[k]);
      last = std::move(frame);
    }
    return pairs > 0 ? change / static_cast<double>(pairs * values) : 0;
  }

  void check_images() const {
    constexpr int64_t kLargestSide = 1 << 13;          // pixels
    constexpr int64_t kLargestRecord = 1'900'000'000;  // bytes; protocol buffers end at 2 GiB
    const auto type = images_.header().type;
    SAVP_CHECK(is_image_type(type), DataError, images_.name(), ": holds ", number_name(type),
               ": frames must be uint8, or float32 or float64 from 0 to 1");
    const auto shape = shape_text(images_.header().shape);
    SAVP_CHECK(is_channels(size_.channels), DataError, images_.name(), ": has the shape ", shape,
               ", read as ", axes_,
               ": the axis of channels must hold 1 channel (gray) or 3 (red, green, blue)");
    SAVP_CHECK(sequences() > 0 && length() > 0 && size_.values() > 0, DataError, images_.name(),
               ": has the shape ", shape, ", which holds nothing");
    SAVP_CHECK(size_.height <= kLargestSide && size_.width <= kLargestSide, DataError, images_.name(),
               ": frames of ", text(size_), " are too large");
    SAVP_CHECK(!has('N') || length() <= kLargestRecord / (size_.values() * 4), DataError, images_.name(),
               ": sequences of ", length(), " frames of ", text(size_),
               " are too long: cut them into shorter ones");
  }

  void take_into_memory() {
    constexpr int64_t kLargest = int64_t{1} << 30;  // bytes
    SAVP_CHECK(images_.header().bytes() <= kLargest, DataError, images_.name(),
               ": frames that come before sequences can be read from an .npy file only where they are so "
               "many: save it as one");
    memory_ = images_.read_bytes(images_.header().values());
    images_.finish();
  }

  // --- Frames

  // Height x width x channels, uint8 or float32.
  std::string frame(int64_t sequence, int64_t t) {
    const auto place = !has('N')              ? t
                       : axes_.front() == 'N' ? sequence * length() + t
                                              : t * sequences() + sequence;
    auto bytes = floats() ? float_frame(place, sequence, t) : stored(place);
    return axes_.find("CHW") == std::string::npos ? bytes : channels_last(bytes);
  }

  std::string stored(int64_t place) {
    const auto values = size_.values(), bytes = values * number_size(images_.header().type);
    if (!memory_.empty())
      return memory_.substr(static_cast<size_t>(place * bytes), static_cast<size_t>(bytes));
    go_to(place);
    return images_.read_bytes(values);
  }

  void go_to(int64_t place) {
    if (place != next_ && images_.seek(place * size_.values())) next_ = place;
    for (; next_ < place; ++next_) images_.read_bytes(size_.values());
    ++next_;  // what is read now
  }

  // float32, checked and brought into the range exactly.
  std::string float_frame(int64_t place, int64_t sequence, int64_t t) {
    constexpr float kSlack = 1e-5F;  // of rounding
    auto values = floats_at(place);
    for (auto& value : values) {
      const bool in_range = value >= -kSlack && value <= 1 + kSlack;  // false for NaN, too
      SAVP_CHECK(in_range, DataError, images_.name(), ": sequence ", sequence, ", frame ", t, ": the value ",
                 value, " is not from 0 to 1: divide by 255, or store uint8");
      value = std::clamp(value, 0.0F, 1.0F);
    }
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
  }

  std::vector<float> floats_at(int64_t place) {
    if (memory_.empty()) {
      go_to(place);
      return images_.read_floats(size_.values());
    }
    const auto bytes = stored(place);
    std::vector<float> values(static_cast<size_t>(size_.values()));
    const bool is_double = images_.header().type == NumberType::kFloat64;
    for (size_t i = 0; i < values.size(); ++i) {
      double wide = 0;
      if (is_double) std::memcpy(&wide, bytes.data() + i * sizeof(wide), sizeof(wide));
      if (is_double)
        values[i] = static_cast<float>(wide);
      else
        std::memcpy(&values[i], bytes.data() + i * sizeof(float), sizeof(float));
    }
    return values;
  }

  // Planes one after the other to values side by side.
  std::string channels_last(const std::string& planes) const {
    const auto item = planes.size() / static_cast<size_t>(size_.values());
    const auto pixels = static_cast<size_t>(size_.height * size_.width),
               channels = static_cast<size_t>(size_.channels);
    std::string pixels_first(planes.size(), '\0');
    for (size_t c = 0; c < channels; ++c)
      for (size_t i = 0; i < pixels; ++i)
        std::memcpy(pixels_first.data() + (i * channels + c) * item, planes.data() + (c * pixels + i) * item,
                    item);
    return pixels_first;
  }

  // --- What comes with them

  // Those of the sequences one after the other, without the actions that lead nowhere.
  std::optional<NumberRows> open_numbers(const std::string& name, bool actions) {
    if (!file_.has(name) || name == images_name_) return std::nullopt;
    used_.insert(name);
    auto reader = file_.open(name);
    const auto& shape = reader.header().shape;
    const bool time_first = axes_.front() == 'T' && has('N');
    const auto steps = shape.empty()             ? 0
                       : !has('N') || time_first ? shape[0]
                       : shape.size() > 1        ? shape[1]
                                                 : 0;
    const bool sequences_fit =
        !has('N') ? shape.size() == 2 : shape.size() == 3 && shape[time_first ? 1 : 0] == sequences();
    const bool steps_fit = steps == length() || (actions && steps == length() - 1);
    constexpr int64_t kMostValues = int64_t{1} << 26;
    const bool fits = sequences_fit && steps_fit && shape.back() > 0 && shape.back() < (1 << 20) &&
                      reader.header().values() <= kMostValues;
    SAVP_CHECK(fits, DataError, reader.name(), ": has the shape ", shape_text(shape), ", but ",
               wanted(actions), " belongs to images of the shape ", shape_text(images_.header().shape));
    NumberRows rows{reader.read_floats(reader.header().values()), sequences() * steps, shape.back()};
    reader.finish();
    if (time_first) rows.values = sequences_first(rows.values, sequences(), rows.size);
    return actions && steps == length() ? without_last(rows) : rows;
  }

  // All rows of each sequence but one.
  NumberRows without_last(const NumberRows& rows) const {
    const auto steps = length() - 1;
    NumberRows fewer{{}, sequences() * steps, rows.size};
    for (int64_t n = 0; n < sequences(); ++n) {
      const auto some = rows.some(n * length(), steps);
      fewer.values.insert(fewer.values.end(), some.begin(), some.end());
    }
    return fewer;
  }

  std::string wanted(bool actions) const {
    const auto steps = actions ? concat(length(), " or ", length() - 1) : concat(length());
    if (!has('N')) return concat("[", steps, ", numbers]");
    return axes_.front() == 'N' ? concat("[", sequences(), ", ", steps, ", numbers]")
                                : concat("[", steps, ", ", sequences(), ", numbers]");
  }

  void warn_of_others() const {
    std::vector<std::string> others;
    for (const auto& name : file_.names()) {
      const bool used = name == images_name_ || used_.count(name) > 0;
      if (!used) others.push_back(shown(name));
    }
    if (others.empty()) return;
    constexpr size_t kNamed = 5;
    const auto more = others.size() > kNamed ? others.size() - kNamed : 0;
    others.resize(others.size() - more);
    if (more > 0) others.push_back(concat(more, " more"));
    log::warn(concat(path_.string(), ": the arrays ", join_words(others), " are left out: ",
                     images_name_.empty() ? "images" : shown(images_name_), ", actions and states are read"));
  }

  fs::path path_;
  ArrayFile file_;
  std::string images_name_;
  ArrayReader images_;
  std::string axes_;  // one of kAxes
  PictureSize size_;
  std::string memory_;  // all frames, where they cannot be read in their order
  int64_t next_ = 0;    // frame of the array that the reader comes to
  std::optional<NumberRows> actions_, states_;
  std::set<std::string> used_;  // arrays that these are from
};

ArrayClips::ArrayClips(const fs::path& path, const ArrayOptions& options)
    : body_(std::make_unique<Body>(path, options)) {}
ArrayClips::~ArrayClips() = default;
bool ArrayClips::are_sequences() const { return body_->has('N'); }
int64_t ArrayClips::sequences() const { return body_->sequences(); }
int64_t ArrayClips::length() const { return body_->length(); }
const PictureSize& ArrayClips::size() const { return body_->size(); }
std::string ArrayClips::content() const { return body_->content(); }
std::string ArrayClips::record(int64_t sequence, int64_t first, int64_t count) {
  return body_->record(sequence, first, count);
}
void ArrayClips::finish() { body_->finish(); }

}  // namespace savp
