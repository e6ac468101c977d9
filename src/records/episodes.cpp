#include "records/episodes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/encoded_picture.h"

namespace savp {
namespace {

using Kind = FeatureView::Kind;

constexpr std::string_view kSteps = "steps/";

bool holds_frames(const FeatureView& feature) {
  if (feature.kind() != Kind::kBytes || feature.count() == 0) return false;
  return is_encoded(feature.bytes().front());
}

std::vector<std::string> cameras(const ExampleView& record) {
  std::vector<std::string> names;
  for (const auto& [name, feature] : record.features())
    if (name.starts_with(kSteps) && holds_frames(feature)) names.emplace_back(name);
  return names;
}

// "steps/action (floats) and steps/observation/image (frames)".
std::string list_of_steps(const ExampleView& record) {
  constexpr size_t kNamed = 40;
  std::vector<std::string> names;
  for (const auto& [name, feature] : record.features()) {
    if (!name.starts_with(kSteps)) continue;
    names.push_back(
        concat(shown(name), " (", holds_frames(feature) ? "frames" : kind_name(feature.kind()), ")"));
  }
  const auto more = names.size() > kNamed ? names.size() - kNamed : 0;
  names.resize(names.size() - more);
  if (more > 0) names.push_back(concat(more, " more"));
  return names.empty() ? list_of_features(record) : "the features " + join_words(names);
}

// The feature of a key.
std::optional<std::string> find_feature(const ExampleView& record, const std::string& key) {
  for (const char* prefix : {"", "steps/", "steps/observation/", "steps/action/"})
    if (const auto name = prefix + key; record.find(name) != nullptr) return name;
  return std::nullopt;
}

std::string feature_of(const ExampleView& record, const std::string& key, const char* hparam) {
  const auto name = find_feature(record, key);
  SAVP_CHECK(name, DataError, "there is no feature ", shown(key), " (", hparam, "); there are ",
             list_of_steps(record));
  return *name;
}

std::string choose_camera(const ExampleView& record, const DatasetSpec& spec) {
  if (!spec.images.empty()) {
    const auto name = feature_of(record, spec.images, "image_key");
    SAVP_CHECK(holds_frames(*record.find(name)), DataError, "feature ", shown(name),
               " (image_key) holds no JPEG or PNG images; there are ", list_of_steps(record));
    return name;
  }
  const auto all = cameras(record);
  SAVP_CHECK(!all.empty(), DataError, "there are no frames: no feature called steps/... holds JPEG or PNG ",
             "images; there are ", list_of_steps(record));
  for (const auto& preferred : spec.views)
    if (std::count(all.begin(), all.end(), concat("steps/observation/", preferred)) > 0)
      return "steps/observation/" + preferred;
  SAVP_CHECK(all.size() == 1, DataError, "there are frames of several cameras (", shown(join_words(all)),
             "): choose one with --dataset_hparams image_key=...");
  return all.front();
}

// --- Numbers

std::vector<float> numbers_of(const FeatureView& feature, const std::string& name) {
  if (feature.kind() == Kind::kFloats) return feature.floats();
  SAVP_CHECK(feature.kind() == Kind::kInts, DataError, "feature ", shown(name), " holds ",
             kind_name(feature.kind()), " instead of numbers");
  const auto whole = feature.ints();
  return {whole.begin(), whole.end()};
}

// Of one feature for all steps.
struct Column {
  std::vector<float> values;  // [steps, size]
  int64_t size = 0;
};

Column column_of(const ExampleView& record, const std::string& name, int64_t steps) {
  Column column{numbers_of(*record.find(name), name)};
  const auto count = static_cast<int64_t>(column.values.size());
  SAVP_CHECK(count % steps == 0 && count > 0, DataError, "feature ", shown(name), " holds ", count,
             " numbers, which cannot be shared out among ", steps, " steps");
  column.size = count / steps;
  check_numbers(column.values, name);
  return column;
}

// The columns of a key, or of the first usual one that is there.
std::vector<Column> columns_of(const ExampleView& record, const std::string& key, const char* usual,
                               const char* hparam, int64_t steps) {
  std::vector<Column> columns;
  if (key.empty()) {
    if (const auto name = find_feature(record, usual)) columns.push_back(column_of(record, *name, steps));
    return columns;
  }
  for (size_t from = 0; from <= key.size();) {
    const auto plus = std::min(key.find('+', from), key.size());
    const auto name = feature_of(record, key.substr(from, plus - from), hparam);
    columns.push_back(column_of(record, name, steps));
    from = plus + 1;
  }
  return columns;
}

std::vector<Column> actions_of(const ExampleView& record, const DatasetSpec& spec, int64_t steps) {
  return columns_of(record, spec.actions, "action", "action_key", steps);
}
std::vector<Column> states_of(const ExampleView& record, const DatasetSpec& spec, int64_t steps) {
  return columns_of(record, spec.states, "state", "state_key", steps);
}

int64_t total_size(const std::vector<Column>& columns) {
  int64_t size = 0;
  for (const auto& column : columns) size += column.size;
  return size;
}

// The first steps of all columns, side by side.
std::vector<float> joined(const std::vector<Column>& columns, int64_t steps, int64_t size, const char* what) {
  SAVP_CHECK(total_size(columns) == size, DataError, "has ", total_size(columns), " numbers a step as ", what,
             ", the first record ", size);
  std::vector<float> values;
  for (int64_t t = 0; t < steps; ++t)
    for (const auto& column : columns) {
      const auto row = column.values.begin() + t * column.size;
      values.insert(values.end(), row, row + column.size);
    }
  return values;
}

}  // namespace

bool looks_like_episode(const ExampleView& record) { return !cameras(record).empty(); }

RecordFormat inspect_episode(const ExampleView& record, const DatasetSpec& spec, bool use_state) {
  RecordFormat format{.images = choose_camera(record, spec), .pixels = Pixels::kEncoded};
  const auto frames = record.get(format.images, Kind::kBytes).bytes();
  in_frame(format, 0, [&] { format.picture = bounded_size(frames.front()); });
  if (!use_state) return format;
  const auto steps = static_cast<int64_t>(frames.size());
  format.state_size = total_size(states_of(record, spec, steps));
  format.action_size = total_size(actions_of(record, spec, steps));
  SAVP_CHECK(
      format.state_size + format.action_size > 0, DataError,
      "there is no feature steps/action and no state: name them with action_key and state_key, or leave "
      "use_state=false; there are ",
      list_of_steps(record));
  return format;
}

RecordSteps split_episode(const ExampleView& record, const DatasetSpec& spec, const RecordFormat& format) {
  RecordSteps steps{.images = record.get(format.images, Kind::kBytes).bytes()};
  const auto length = steps.length();
  if (length == 0) return steps;
  if (format.state_size > 0)
    steps.states = joined(states_of(record, spec, length), length, format.state_size, "states");
  if (format.action_size > 0)  // the last one leads nowhere
    steps.actions = joined(actions_of(record, spec, length), length - 1, format.action_size, "actions");
  return steps;
}

}  // namespace savp
