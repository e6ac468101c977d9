// Films in MP4 (H.264) and WebM (VP9), by libav.
#pragma once

#include <filesystem>
#include <vector>

#include "io/image.h"

namespace savp {

// Pictures of one size; the name's ending, .mp4 or .webm, says the format. Each is shown for 1 / fps
// seconds. Odd sizes grow by a row or column, the last one again, which the formats need. The file appears
// in full or not at all. Throws DataError where this libavcodec cannot encode the format.
void write_movie(const std::filesystem::path& path, const std::vector<Picture>& pictures, double fps);

}  // namespace savp
