// Animated GIFs with one palette per clip.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "io/image.h"

namespace savp {

// Pictures of one size as a GIF that loops forever, with the best 255 colours of the whole clip. Each is
// shown for 1 / fps seconds, rounded to the hundredths of a second that the format knows. The file appears in
// full or not at all; missing folders are made.
void write_gif(const std::filesystem::path& path, const std::vector<Picture>& pictures, double fps);

// The bytes of such a file; `name` is what messages call it.
std::string encode_gif(const std::filesystem::path& name, const std::vector<Picture>& pictures, double fps);

}  // namespace savp
