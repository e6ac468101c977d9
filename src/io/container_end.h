// Whether a video file is all there, as its container's structure tells: an end mark that is missing, or a
// part that should end behind the end of the file. A declared length is no proof: the last frame may stay
// long, sound may be longer, and containers guess. Neither are bytes behind the end of a whole file.
#pragma once

#include <filesystem>
#include <string_view>

namespace savp {

// `format`: libav's name of the container. Throws DataError ("PATH: is truncated: ...").
void check_container_end(const std::filesystem::path& path, std::string_view format);

}  // namespace savp
