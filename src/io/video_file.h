// One video file, decoded by libav.
#pragma once

#include <filesystem>
#include <memory>

#include "savp/io/video.h"

namespace savp {

// Throws DataError unless there is something to decode.
std::unique_ptr<FrameSource> open_video_file(const std::filesystem::path& path, int64_t channels);

}  // namespace savp
