// Animated GIFs with one palette per clip, or one per picture.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "io/image.h"

namespace savp {

// Whose best 255 colours a picture is shown in: the whole clip's, which do not flicker, or its own.
enum class GifPalette { kVideo, kFrame };
template <>
struct EnumNames<GifPalette> {
  static constexpr std::pair<GifPalette, const char*> kTable[] = {{GifPalette::kVideo, "video"},
                                                                  {GifPalette::kFrame, "frame"}};
};

// Pictures of one size as a GIF that loops forever. Each is shown for 1 / fps seconds, rounded to the
// hundredths of a second that the format knows. The file appears in full or not at all; missing folders
// are made.
void write_gif(const std::filesystem::path& path, const std::vector<Picture>& pictures, double fps,
               GifPalette palette = GifPalette::kVideo);

// The bytes of such a file; `name` is what messages call it.
std::string encode_gif(const std::filesystem::path& name, const std::vector<Picture>& pictures, double fps,
                       GifPalette palette = GifPalette::kVideo);

}  // namespace savp
