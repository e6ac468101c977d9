// What was found about some videos, as numbers and as pictures in files.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "evaluation/statistics.h"
#include "evaluation/video_numbers.h"

namespace savp {

// Which of the samples of a metric of frames is the best one.
Subtask best_subtask(const Metric& metric);

// context [context_frames, B, C, H, W]. Tables of each metric of frames and each subtask, in this order.
VideoNumbers numbers_of(const at::Tensor& context, const SampleStatistics& found,
                        const std::vector<Subtask>& subtasks);

// SHA-256 of the bytes of all frames of each video, [T, B, C, H, W].
std::vector<std::string> truth_digests(const at::Tensor& videos);

// What was found about the model that repeats the last context frame: one table a metric of frames.
std::vector<MetricTable> baseline_of(const SampleStatistics& found);

// prediction_eval_METRIC_SUBTASK/ with inputs/context_image_SSSSS_TT.png and outputs/gen_image_SSSSS_TT.png:
// number of the video, number of the frame within context or prediction; sequences/ with truth_SSSSS.png and
// sample_SSSSS_KK.png: all true frames, and the predicted ones of the first samples, side by side.
void write_pictures(const std::filesystem::path& folder, int64_t first_video, const at::Tensor& context,
                    const SampleStatistics& found, const std::vector<Subtask>& subtasks);

// Between tensors and numbers.
std::vector<VideoFeatureRow> feature_rows(const FeatureSets& sets);
FeatureSets feature_sets(const std::vector<VideoFeatureRow>& rows);

}  // namespace savp
