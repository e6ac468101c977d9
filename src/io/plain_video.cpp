// The public face of videos (savp/video.h).
#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "io/gif.h"
#include "io/video.h"
#include "savp/video.h"

namespace savp {
namespace {

void check_number(const Videos& videos, int64_t number) {
  SAVP_CHECK(number >= 0 && number < videos.count, UsageError, "there is no video ", number, " among ",
             videos.count);
}

Picture side_by_side(const Videos& videos, int64_t frame) {
  const auto& size = videos.size;
  const int64_t row = size.width * size.channels;  // bytes
  Picture picture{size.height, size.width * videos.count, size.channels, {}};
  picture.pixels.resize(picture.height * videos.count * row);
  for (int64_t v = 0; v < videos.count; ++v) {
    const auto bytes = videos.bytes(v);
    for (int64_t y = 0; y < size.height; ++y)
      std::copy_n(bytes.begin() + (frame * size.height + y) * row, row,
                  picture.pixels.begin() + (y * videos.count + v) * row);
  }
  return picture;
}

}  // namespace

VideoView Videos::video(int64_t number, int64_t first) const {
  check_number(*this, number);
  SAVP_CHECK(first >= 0 && first < size.frames, UsageError, "there is no frame ", first, " among ",
             size.frames);
  auto rest = size;
  rest.frames -= first;
  return {pixels.data() + number * size.values() + (size.values() - rest.values()), rest};
}

std::vector<uint8_t> Videos::bytes(int64_t number) const {
  check_number(*this, number);
  std::vector<uint8_t> bytes(size.values());
  const auto* values = pixels.data() + number * size.values();
  std::transform(values, values + size.values(), bytes.begin(), [](float value) {
    return static_cast<uint8_t>(std::floor(255 * std::clamp(value, 0.0F, 1.0F)));
  });
  return bytes;
}

Videos load_video(const std::string& path, const VideoSize& size) {
  SAVP_CHECK((size.height > 0) == (size.width > 0) && size.height >= 0 && size.width >= 0 && size.frames >= 0,
             UsageError, size.height, "x", size.width, " pixels, ", size.frames,
             " frames: give height and width, or neither");
  SAVP_CHECK(size.channels == 1 || size.channels == 3, UsageError, size.channels,
             " channels: must be 1 or 3");
  const auto at_most = size.frames > 0 ? std::optional(size.frames) : std::nullopt;
  const auto pictures =
      read_video(path, {.height = size.height, .width = size.width, .channels = size.channels}, at_most);
  SAVP_CHECK(!pictures.empty() && static_cast<int64_t>(pictures.size()) >= size.frames, DataError, path,
             " has ", pictures.size(), " frames, ", std::max<int64_t>(size.frames, 1), " are needed");
  const auto& first = pictures.front();
  Videos videos{.count = 1,
                .size = {static_cast<int64_t>(pictures.size()), first.height, first.width, first.channels},
                .pixels = {}};
  videos.pixels.reserve(videos.size.values());
  for (const auto& picture : pictures)
    for (const auto byte : picture.pixels) videos.pixels.push_back(static_cast<float>(byte) / 255);
  return videos;
}

void save_gif(const std::string& path, const Videos& videos, double fps) {
  SAVP_CHECK(videos.count > 0 && videos.size.frames > 0, UsageError, path, ": there are no videos to write");
  SAVP_CHECK(fps >= 0.1 && fps <= 50, UsageError, path, ": fps=", fps, ": must be from 0.1 to 50");
  std::vector<Picture> pictures;
  for (int64_t t = 0; t < videos.size.frames; ++t) pictures.push_back(side_by_side(videos, t));
  write_gif(path, pictures, fps);
}

}  // namespace savp
