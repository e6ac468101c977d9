// The beginning of one video that is not in a data set.
#pragma once

#include <optional>

#include "core/video.h"
#include "evaluation/input.h"
#include "io/video.h"
#include "records/number_rows.h"

namespace savp {

// The frames of a clip that are read: every `stride`-th from its start on, at most `most`.
struct ClipFrames {
  int64_t least = 1, most = 1;
  int64_t stride = 1;
};

// Frames [T, 1, C, H, W]; with keys: and from the file beside the video the actions between them, those of
// the frames left out joined, and the states. Throws DataError where there are too few.
Batch read_video_clip(const StartingClip& clip, const ClipFrames& frames, const VideoOptions& size,
                      const std::optional<NumberKeys>& keys);

// The first sequence of a file of arrays, every `stride`-th frame, at most `frames` of them; with_actions:
// and the actions between them, those of the frames left out joined, and the states. Throws DataError.
Batch read_array_clip(const StartingClip& clip, int64_t frames, int64_t stride, bool with_actions);

}  // namespace savp
