// Features of the videos of an evaluation, kept beside its results, so that distances between sets of videos
// can be compared later: features.safetensors with "truth" [videos, numbers] and "predicted" [videos,
// samples, numbers], float32.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "evaluation/video_numbers.h"

namespace savp {

inline constexpr char kFeaturesFile[] = "features.safetensors";

// Rows of equal sizes, one a video. The file appears whole or not at all.
void write_features(const std::filesystem::path& folder, const std::vector<VideoFeatureRow>& rows);

// None where there is no such file. Throws DataError for a damaged one.
std::optional<std::vector<VideoFeatureRow>> read_features(const std::filesystem::path& folder);

}  // namespace savp
