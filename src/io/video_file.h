// One video file, decoded by libav.
#pragma once

#include <filesystem>
#include <memory>

#include "io/video.h"

namespace savp {

// Of the options, fps is the caller's business, and so is the size unless `plain`. Throws DataError unless
// there is something to decode.
std::unique_ptr<FrameSource> open_video_file(const std::filesystem::path& path, const VideoOptions& options);

}  // namespace savp
