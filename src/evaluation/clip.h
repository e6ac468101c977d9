// The beginning of one video that is not in a data set.
#pragma once

#include "core/video.h"
#include "evaluation/input.h"
#include "io/video.h"

namespace savp {

// The first `wanted` frames from the clip's start on, [T, 1, C, H, W], or as many as there are. Throws
// DataError where there are fewer than `least`.
Batch read_video_clip(const StartingClip& clip, int64_t least, int64_t wanted, const VideoOptions& size);

// The first sequence of a file of arrays, every `stride`-th frame, at most `frames` of them; with_actions:
// and the actions between them, those of the frames left out joined, and the states. Throws DataError.
Batch read_array_clip(const StartingClip& clip, int64_t frames, int64_t stride, bool with_actions);

}  // namespace savp
