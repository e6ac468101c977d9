#include "records/episodes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"
#include "io/encoded_picture.h"
#include "records/number_rows.h"

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

std::string choose_camera(const ExampleView& record, const DatasetSpec& spec) {
  if (!spec.images.empty()) {
    const auto name = find_feature(record, spec.images);
    SAVP_CHECK(name, DataError, "there is no feature ", shown(spec.images), " (image_key); there are ",
               list_of_steps(record));
    SAVP_CHECK(holds_frames(*record.find(*name)), DataError, "feature ", shown(*name),
               " (image_key) holds no JPEG or PNG images; there are ", list_of_steps(record));
    return *name;
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

NumberRows rows_of(const ExampleView& record, const std::string& name, int64_t steps) {
  NumberRows rows{numbers_of(*record.find(name), name), steps};
  const auto count = static_cast<int64_t>(rows.values.size());
  SAVP_CHECK(count % steps == 0 && count > 0, DataError, "feature ", shown(name), " holds ", count,
             " numbers, which cannot be shared out among ", steps, " steps");
  rows.size = count / steps;
  return rows;
}

std::optional<NumberRows> find_numbers(const ExampleView& record, const NumberKind& kind,
                                       const std::string& key, int64_t steps) {
  const auto find = [&](const std::string& name) {
    const auto feature = find_feature(record, name);
    return feature ? std::optional(rows_of(record, *feature, steps)) : std::nullopt;
  };
  return find_rows(kind, key, {"", [&] { return list_of_steps(record); }}, find);
}

// Actions in several features must be chosen: they would be missed.
void check_actions_chosen(const ExampleView& record) {
  constexpr std::string_view kParts = "steps/action/";
  std::vector<std::string> parts;
  for (const auto& [name, feature] : record.features())
    if (name.starts_with(kParts) && feature.kind() != Kind::kBytes)
      parts.push_back(shown(name.substr(kParts.size())));
  SAVP_CHECK(parts.empty(), DataError, "the actions are in several features (", join_words(parts),
             " of steps/action): choose some, joined by +, with --dataset_hparams action_key=...");
}

int64_t size_of(const std::optional<NumberRows>& rows) { return rows ? rows->size : 0; }

// The first steps, of the size that the first record has.
std::vector<float> first_steps(const std::optional<NumberRows>& rows, int64_t steps, int64_t size,
                               const char* what) {
  SAVP_CHECK(size_of(rows) == size, DataError, "has ", size_of(rows), " numbers a step as ", what,
             ", the first record ", size);
  return rows->some(0, steps);
}

}  // namespace

bool looks_like_episode(const ExampleView& record) {
  return std::any_of(record.features().begin(), record.features().end(),
                     [](const ExampleView::Feature& feature) { return feature.first.starts_with(kSteps); });
}

RecordFormat inspect_episode(const ExampleView& record, const DatasetSpec& spec, bool use_state) {
  RecordFormat format{.images = choose_camera(record, spec), .pixels = Pixels::kEncoded};
  const auto frames = record.get(format.images, Kind::kBytes).bytes();
  in_frame(format, 0, [&] { format.picture = bounded_size(frames.front()); });
  if (!use_state) return format;
  const auto steps = static_cast<int64_t>(frames.size());
  format.state_size = size_of(find_numbers(record, kStates, spec.states, steps));
  format.action_size = size_of(find_numbers(record, kActions, spec.actions, steps));
  if (format.action_size == 0 && spec.states.empty()) check_actions_chosen(record);  // else states alone were
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
    steps.states =
        first_steps(find_numbers(record, kStates, spec.states, length), length, format.state_size, "states");
  if (format.action_size > 0)  // the last one leads nowhere
    steps.actions = first_steps(find_numbers(record, kActions, spec.actions, length), length - 1,
                                format.action_size, "actions");
  return steps;
}

}  // namespace savp
