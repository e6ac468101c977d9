#include "records/layouts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/encoded_picture.h"
#include "records/episodes.h"
#include "records/name_pattern.h"
#include "records/number_rows.h"

namespace savp {

// Steps are written as %d, so that each quantity is named once.
std::string list_of_features(const ExampleView& record) {
  constexpr size_t kNamed = 12;
  std::set<std::string> names;
  for (const auto& name : record.names()) {
    if (names.size() > kNamed) break;
    names.insert(shown(without_step(name, "%d")));
  }
  for (const auto& list : record.lists()) names.insert(concat(shown(list.first), " (list)"));
  std::vector<std::string> all(names.begin(), names.end());
  if (all.size() > kNamed) {
    all.resize(kNamed);
    all.emplace_back("more");
  }
  return all.empty() ? "no features" : "the features " + join_words(all);
}

// Memory is reserved for such pictures before they are decoded.
PictureSize bounded_size(std::string_view frame) {
  const auto size = encoded_size(frame);
  SAVP_CHECK(size.height * size.width <= kMostPixels, DataError, "is an image of ", text(size),
             ", which is too large");
  SAVP_CHECK(size.channels == 1 || size.channels == 3, DataError, "is an image of ", size.channels,
             " channels: gray or RGB without transparency is needed");
  return size;
}

namespace {

using Kind = FeatureView::Kind;

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  return at == std::string::npos ? text : text.replace(at, part.size(), by);
}

std::string at_step(const std::string& pattern, int64_t step) {
  return replaced(pattern, "%d", std::to_string(step));
}

std::vector<std::string> names_like(const ExampleView& record, const std::string& pattern) {
  auto names = record.names();
  std::erase_if(names, [&](const std::string& name) { return !match_name(name, pattern); });
  return names;
}

// The names of one quantity at all steps; there must be some.
int64_t count_steps(const ExampleView& record, const std::string& pattern) {
  const auto steps = static_cast<int64_t>(names_like(record, pattern).size());
  SAVP_CHECK(steps > 0, DataError, "no feature is called like ", at_step(pattern, 0),
             did_you_mean(at_step(pattern, 0), record.names()), "; there are ", list_of_features(record));
  return steps;
}

// The pattern of the frames with one of the record's cameras chosen.
std::string choose_view(const ExampleView& record, const DatasetSpec& spec) {
  if (spec.images.find("{view}") == std::string::npos) return spec.images;
  std::set<std::string> present;
  for (const auto& name : record.names())
    if (const auto parts = match_name(name, spec.images)) present.emplace(parts->back());
  for (const auto& preferred : spec.views)
    if (present.count(preferred) > 0) return replaced(spec.images, "{view}", preferred);
  std::vector<std::string> views;
  for (const auto& view : present) views.push_back(shown(view));
  SAVP_CHECK(!views.empty(), DataError, "there are no frames: no feature is called like ",
             at_step(replaced(spec.images, "{view}", spec.views.front()), 0), "; there are ",
             list_of_features(record));
  SAVP_CHECK(views.size() == 1, DataError, "there are frames of several cameras (", join_words(views),
             "), none of them ", join_words(spec.views), ": cannot tell which one to use");
  return replaced(spec.images, "{view}", *present.begin());
}

// Raw frames that say nothing of their size: three bytes a pixel, square.
PictureSize square_size(std::string_view frame) {
  const auto side = std::lround(std::sqrt(static_cast<double>(frame.size()) / 3));
  SAVP_CHECK(side > 0 && side * side * 3 == static_cast<int64_t>(frame.size()), DataError, "has ",
             frame.size(), " bytes, which is not a square image of three channels");
  return {side, side, 3};
}

// A picture in the place of a raw frame, unless all its bytes are pixels.
bool is_encoded_frame(const DatasetSpec& spec, std::string_view frame) {
  return spec.pixels == Pixels::kRaw && is_encoded(frame) &&
         static_cast<int64_t>(frame.size()) != spec.frame.values();
}

// What the spec fixes, else what one of the frames shows.
PictureSize frame_size(const DatasetSpec& spec, std::string_view frame) {
  if (is_encoded_frame(spec, frame)) return bounded_size(frame);
  return spec.frame.values() > 0 ? spec.frame : square_size(frame);
}
Pixels frame_pixels(const DatasetSpec& spec, std::string_view frame) {
  return is_encoded_frame(spec, frame) ? Pixels::kEncoded : spec.pixels;
}

// What its header says.
void check_encoded_size(std::string_view frame, const PictureSize& expected) {
  const auto found = encoded_size(frame);
  SAVP_CHECK(found == expected, DataError, "is an image of ", text(found), " instead of ", text(expected));
}

void append_floats(const FeatureView& feature, const std::string& name, int64_t size,
                   std::vector<float>& values) {
  SAVP_CHECK(feature.kind() == Kind::kFloats, DataError, "feature ", shown(name), " holds ",
             kind_name(feature.kind()), " instead of ", kind_name(Kind::kFloats));
  const auto found = feature.floats();
  SAVP_CHECK(static_cast<int64_t>(found.size()) == size, DataError, "feature ", shown(name), " holds ",
             found.size(), " numbers instead of ", size);
  in_part([&] { return "feature " + name; }, [&] { check_numbers(found); });
  values.insert(values.end(), found.begin(), found.end());
}

void append_floats(const ExampleView& record, const std::string& name, int64_t size,
                   std::vector<float>& values) {
  append_floats(record.get(name, Kind::kFloats), name, size, values);
}

// --- One feature for each quantity and step: "7/image_aux1/encoded", "7/action".

RecordSteps split_steps(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format) {
  RecordSteps steps;
  for (int64_t t = 0; t < format.length; ++t) {
    const auto name = at_step(format.images, t);
    const auto& frame = steps.images.emplace_back(record.one_bytes(name));
    in_frame(format, t, [&] {
      check_frame(frame, spec, format);
      if (format.pixels == Pixels::kEncoded) check_encoded_size(frame, format.picture);
    });
    if (format.state_size > 0)
      append_floats(record, at_step(spec.states, t), format.state_size, steps.states);
    if (format.action_size > 0 && t + 1 < format.length)
      append_floats(record, at_step(spec.actions, t), format.action_size, steps.actions);
    if (format.object_pos_size > 0)
      append_floats(record, at_step(spec.object_pos, t), format.object_pos_size, steps.object_pos);
  }
  return steps;
}

// Numbers of a quantity at a step; those of the first feature where nothing is known.
int64_t size_of(const ExampleView& record, const std::string& pattern, int64_t known) {
  const auto names = names_like(record, pattern);
  if (known > 0 || names.empty()) return known;
  return static_cast<int64_t>(record.get(names.front(), Kind::kFloats).count());
}

RecordFormat inspect_steps(const ExampleView& record, const DatasetSpec& spec, bool use_state) {
  SAVP_CHECK(!use_state || !spec.states.empty(), UsageError, spec.name,
             " has no states: use_state must be false");
  RecordFormat format;
  format.images = choose_view(record, spec);
  format.length = count_steps(record, format.images);
  const auto first = names_like(record, format.images).front();
  const auto frame = record.one_bytes(first);
  in_part([&] { return "feature " + shown(first); },
          [&] {
            format.picture = frame_size(spec, frame);
            format.pixels = frame_pixels(spec, frame);
          });
  if (use_state) {
    format.state_size = size_of(record, spec.states, spec.state_size);
    format.action_size = size_of(record, spec.actions, spec.action_size);
    format.length =
        std::min({format.length, count_steps(record, spec.states), count_steps(record, spec.actions) + 1});
  }
  if (const auto points = names_like(record, spec.object_pos); !spec.object_pos.empty() && !points.empty()) {
    format.length = std::min(format.length, static_cast<int64_t>(points.size()));
    format.object_pos_size = static_cast<int64_t>(record.get(points.front(), Kind::kFloats).count());
    SAVP_CHECK(format.object_pos_size % 2 == 0, DataError, "feature ", shown(points.front()), " holds ",
               format.object_pos_size, " numbers, which are no pairs of row and column");
  }
  return format;
}

// --- One list of frames, with its size beside it.

bool is_stated(const ExampleView& record, const std::string& name) {
  const auto* feature = record.find(name);
  return feature != nullptr && feature->count() > 0;
}

// What the record says of its pictures; what it does not say is taken from `known`.
PictureSize stated_size(const ExampleView& record, const PictureSize& known = {}) {
  const auto number = [&](const char* name, int64_t otherwise) {
    return otherwise > 0 && !is_stated(record, name) ? otherwise : record.one_int(name);
  };
  const PictureSize size{number("height", known.height), number("width", known.width),
                         number("channels", known.channels)};
  constexpr int64_t kLargest = 1 << 15;         // pixels; keeps products in range
  constexpr int64_t kLargestPicture = 1 << 26;  // values
  for (const auto value : {size.height, size.width, size.channels})
    SAVP_CHECK(value > 0 && value <= kLargest, DataError, "an image of ", text(size), " cannot be");
  SAVP_CHECK(size.values() <= kLargestPicture, DataError, "images of ", text(size), " are too large");
  return size;
}

RecordSteps split_list(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format) {
  RecordSteps steps;
  const auto length = record.one_int("sequence_length");
  if (const auto* frames = record.find(format.images); frames != nullptr && frames->count() > 0)
    steps.images = record.get(format.images, Kind::kBytes).bytes();
  SAVP_CHECK(steps.length() == length, DataError, "feature ", format.images, " holds ", steps.length(),
             " frames, but sequence_length says ", length);
  const auto size = stated_size(record, format.picture);
  SAVP_CHECK(size == format.picture, DataError, "its frames are ", text(size), ", those of the first record ",
             text(format.picture));
  if (format.state_size > 0) append_floats(record, spec.states, length * format.state_size, steps.states);
  if (format.action_size > 0)
    append_floats(record, spec.actions, std::max<int64_t>(length - 1, 0) * format.action_size, steps.actions);
  return steps;
}

// Numbers a step, of a list of them that some records have.
int64_t numbers_a_step(const ExampleView& record, const std::string& name, int64_t steps) {
  const auto* list = name.empty() ? nullptr : record.find(name);
  if (list == nullptr || steps <= 0) return 0;
  const auto count = static_cast<int64_t>(list->count());
  SAVP_CHECK(count % steps == 0, DataError, "feature ", shown(name), " holds ", count,
             " numbers, which cannot be shared out among ", steps, " steps");
  return count / steps;
}

// Memory is reserved for pictures of the stated size before they are decoded, so it must not be a mere claim.
PictureSize list_size(const ExampleView& record, const DatasetSpec& spec) {
  if (spec.pixels != Pixels::kEncoded || !is_stated(record, spec.images)) return stated_size(record);
  const auto first = record.get(spec.images, Kind::kBytes).bytes().front();
  const RecordFormat format{.images = spec.images};
  PictureSize found;
  in_frame(format, 0, [&] { found = encoded_size(first); });
  const auto size = stated_size(record, found);
  in_frame(format, 0, [&] { check_encoded_size(first, size); });
  return size;
}

RecordFormat inspect_list(const ExampleView& record, const DatasetSpec& spec, bool use_state) {
  RecordFormat format{.images = spec.images, .picture = list_size(record, spec), .pixels = spec.pixels};
  if (!use_state || spec.states.empty()) return format;
  const auto length = record.one_int("sequence_length");
  format.state_size = numbers_a_step(record, spec.states, length);
  format.action_size = numbers_a_step(record, spec.actions, length - 1);
  SAVP_CHECK(format.state_size + format.action_size > 0, DataError,
             "there are no states and no actions: use_state must be false");
  return format;
}

// --- A SequenceExample: a feature list for each quantity, an item a step.

int64_t first_floats(const ExampleView& record, const std::string& list, int64_t stated) {
  const auto& items = record.get_list(list);
  return stated > 0 || items.empty() ? stated : static_cast<int64_t>(items.front().count());
}

RecordFormat inspect_lists(const ExampleView& record, const DatasetSpec& spec, bool use_state) {
  RecordFormat format{.images = spec.images};
  const auto& frames = record.get_list(spec.images);
  SAVP_CHECK(!frames.empty(), DataError, "feature list ", spec.images, " is empty");
  in_frame(format, 0, [&] {
    const auto frame = frames.front().one_bytes();
    format.picture = frame_size(spec, frame);
    format.pixels = frame_pixels(spec, frame);
  });
  if (use_state) {
    format.state_size = first_floats(record, spec.states, spec.state_size);
    format.action_size = first_floats(record, spec.actions, spec.action_size);
  }
  return format;
}

// The length is that of the shortest list; an action list may lack the last step.
RecordSteps split_lists(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format) {
  const auto& frames = record.get_list(spec.images);
  auto length = frames.size();
  if (format.state_size > 0) length = std::min(length, record.get_list(spec.states).size());
  if (format.action_size > 0) length = std::min(length, record.get_list(spec.actions).size() + 1);
  RecordSteps steps;
  for (size_t t = 0; t < length; ++t) {
    in_frame(format, static_cast<int64_t>(t), [&] { steps.images.push_back(frames[t].one_bytes()); });
    if (format.state_size > 0)
      append_floats(record.get_list(spec.states)[t], spec.states, format.state_size, steps.states);
    if (format.action_size > 0 && t + 1 < length)
      append_floats(record.get_list(spec.actions)[t], spec.actions, format.action_size, steps.actions);
  }
  return steps;
}

// "images/format" tells of frames that are not as the data set usually has them.
Pixels pixels_of(const ExampleView& record, Pixels usual) {
  if (record.find("images/format") == nullptr) return usual;
  const auto format = record.one_bytes("images/format");
  SAVP_CHECK(format == "float32", DataError, "frames of the format ", shown(format),
             " are not known, only float32");
  return Pixels::kFloat;
}

// --- The table

struct LayoutEntry {
  Layout layout;
  RecordFormat (*inspect)(const ExampleView&, const DatasetSpec&, bool);
  RecordSteps (*split)(const ExampleView&, const DatasetSpec&, const RecordFormat&);
};

const LayoutEntry& entry(Layout layout) {
  static const std::vector<LayoutEntry> kLayouts = {
      {Layout::kPerStep, inspect_steps, split_steps},
      {Layout::kVarLen, inspect_list, split_list},
      {Layout::kSequenceExample, inspect_lists, split_lists},
      {Layout::kEpisode, inspect_episode, split_episode},
  };
  return *std::find_if(kLayouts.begin(), kLayouts.end(),
                       [&](const LayoutEntry& e) { return e.layout == layout; });
}

}  // namespace

std::string frame_name(const RecordFormat& format, int64_t step) {
  const bool per_step = format.images.find("%d") != std::string::npos;
  return per_step ? "feature " + shown(at_step(format.images, step))
                  : concat("frame ", step, " of ", format.images);
}

void check_frame(std::string_view frame, const DatasetSpec& spec, const RecordFormat& format) {
  if (format.pixels == Pixels::kEncoded) return;
  const auto bytes = format.picture.values() * (format.pixels == Pixels::kFloat ? 4 : 1);
  SAVP_CHECK(static_cast<int64_t>(frame.size()) == bytes, DataError, "has ", frame.size(),
             " bytes instead of ", bytes, " (", text(format.picture),
             spec.frame == format.picture ? ")" : ", as in the first record)");
}

bool looks_like(const ExampleView& record, const DatasetSpec& spec) {
  if (spec.layout == Layout::kSequenceExample) return record.has_list(spec.images);
  if (spec.layout == Layout::kEpisode) return looks_like_episode(record);
  for (const auto& pattern : {spec.images, spec.states, spec.actions})
    if (!pattern.empty() && names_like(record, pattern).empty()) return false;
  return true;
}

RecordFormat inspect(const ExampleView& first_record, const DatasetSpec& spec, bool use_state) {
  auto format = entry(spec.layout).inspect(first_record, spec, use_state);
  format.pixels = pixels_of(first_record, format.pixels);
  return format;
}

RecordSteps split(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format) {
  return entry(spec.layout).split(record, spec, format);
}

int64_t record_length(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format) {
  const bool stated = spec.layout == Layout::kVarLen;
  return stated ? record.one_int("sequence_length")
                : static_cast<int64_t>(record.get(format.images, Kind::kBytes).count());
}

}  // namespace savp
