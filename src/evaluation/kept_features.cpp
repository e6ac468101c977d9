#include "evaluation/kept_features.h"

#include <cstring>
#include <string>

#include "checkpoints/own_file.h"
#include "core/error.h"

namespace savp {
namespace {

constexpr const char *kTruth = "truth", *kPredicted = "predicted";

TensorView view_of(const char* name, std::vector<int64_t> shape, const std::vector<float>& values) {
  return {name, "F32", std::move(shape), reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(float)};
}

void append(std::vector<float>& to, const std::vector<float>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

const TensorView& find(const SafetensorsFile& file, const char* name, size_t axes) {
  const auto* view = file.find(name);
  SAVP_CHECK(view != nullptr && view->dtype == "F32" && view->shape.size() == axes, DataError, file.path(),
             ": has no features \"", name, "\": run savp_evaluate again");
  return *view;
}

std::vector<float> row_of(const TensorView& view, int64_t row) {
  std::vector<float> numbers(static_cast<size_t>(view.shape.back()));
  const auto bytes = numbers.size() * sizeof(float);
  std::memcpy(numbers.data(), view.data + static_cast<size_t>(row) * bytes, bytes);
  return numbers;
}

}  // namespace

void write_features(const std::filesystem::path& folder, const std::vector<VideoFeatureRow>& rows) {
  std::vector<float> truth, predicted;
  for (const auto& row : rows) {
    append(truth, row.truth);
    for (const auto& sample : row.predicted) append(predicted, sample);
  }
  const auto videos = static_cast<int64_t>(rows.size()),
             numbers = static_cast<int64_t>(rows.at(0).truth.size()),
             samples = static_cast<int64_t>(rows[0].predicted.size());
  write_own_file(
      (folder / kFeaturesFile).string(),
      {view_of(kTruth, {videos, numbers}, truth), view_of(kPredicted, {videos, samples, numbers}, predicted)},
      {});
}

std::optional<std::vector<VideoFeatureRow>> read_features(const std::filesystem::path& folder) {
  const auto path = folder / kFeaturesFile;
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return std::nullopt;
  const auto file = open_own_file(path.string());
  const auto &truth = find(file, kTruth, 2), &predicted = find(file, kPredicted, 3);
  const auto videos = truth.shape[0], samples = predicted.shape[1];
  SAVP_CHECK(videos > 0 && samples > 0, DataError, file.path(), ": is empty: run savp_evaluate again");
  SAVP_CHECK(predicted.shape[0] == videos && predicted.shape[2] == truth.shape[1], DataError, file.path(),
             ": has features of other predictions than of what happened: run savp_evaluate again");
  std::vector<VideoFeatureRow> rows(static_cast<size_t>(videos));
  for (int64_t video = 0; video < videos; ++video) {
    auto& row = rows[static_cast<size_t>(video)];
    row.truth = row_of(truth, video);
    for (int64_t sample = 0; sample < samples; ++sample)
      row.predicted.push_back(row_of(predicted, video * samples + sample));
  }
  return rows;
}

}  // namespace savp
