// What a tool tells about a run: a line a fact, "name            text".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/video.h"

namespace savp::cli {

using Facts = std::vector<std::pair<std::string, std::string>>;

// The texts under each other, with what cannot be printed escaped.
std::string lines_of(const Facts& facts);

// "64x64x3, 4 numbers an action".
std::string text_of(const VideoShape& shape);

}  // namespace savp::cli
