// Between the cases' layouts (batch-major, channels last) and ours (time-major, channels first).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/video.h"
#include "golden_runner/case.h"

namespace savp::golden {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// inputs/images, actions, states, pix_distribs.
Batch batch_of(const Case& recorded);

// [T, B, C, H, W] -> [B, T, H, W, C].
Tensor video_to_case(const Tensor& video);

// A generator's outputs under the names and in the layouts of the cases; what is not there is left out.
NamedTensors outputs_of(const GeneratorOutput& output);

// A discriminator's logits or feature ("discrim_video_sn_logits_enc_real"): [N, 1] or [N, C, ...], N = T * B
// for single frames of clips, frame by frame.
Tensor verdict_to_case(const std::string& name, const Tensor& value, int64_t batch_size);

}  // namespace savp::golden
