// The sizes a model was trained on, as a checkpoint's metadata tells them under this key.
#pragma once

#include <optional>
#include <string>

#include "checkpoints/tensors.h"
#include "core/video.h"

namespace savp {

// {"video_shape", "..."}
std::pair<std::string, std::string> shape_metadata(const VideoShape& shape);

// None where the metadata has no such key; throws DataError (`where` opens the message) where it cannot
// be read.
std::optional<VideoShape> shape_from(const Metadata& metadata, const std::string& where);

}  // namespace savp
