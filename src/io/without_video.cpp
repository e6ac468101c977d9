// Stands in for canvas.cpp, gif.cpp, image.cpp, movie.cpp and video_file.cpp. Records are read
// and written without them.
#include "core/without_video.h"

#include "io/canvas.h"
#include "io/gif.h"
#include "io/image.h"
#include "io/movie.h"
#include "io/video.h"
#include "io/video_file.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr char kReading[] = "videos and images are read";
constexpr char kWriting[] = "GIFs and PNGs are written";
constexpr char kChanging[] = "images are cropped, rotated and resized";
constexpr char kDrawing[] = "grids of videos are drawn";

}  // namespace

Picture read_image(const fs::path&, int64_t, std::string*) { needs_video(kReading); }
bool is_video_file(const fs::path&) { needs_video(kReading); }
std::unique_ptr<FrameSource> open_video_file(const fs::path&, const VideoOptions&) { needs_video(kReading); }

std::string encode_png(const Picture&) { needs_video(kWriting); }
void write_png(const fs::path&, const Picture&) { needs_video(kWriting); }
std::string encode_gif(const fs::path&, const std::vector<Picture>&, double, GifPalette) {
  needs_video(kWriting);
}
void write_gif(const fs::path&, const std::vector<Picture>&, double, GifPalette) { needs_video(kWriting); }

void write_movie(const fs::path&, const std::vector<Picture>&, double) { needs_video(kWriting); }

Picture canvas(int64_t, int64_t, const Colour&) { needs_video(kDrawing); }
void fill(Picture&, const Box&, const Colour&) { needs_video(kDrawing); }
void paste(Picture&, const Picture&, int64_t, int64_t) { needs_video(kDrawing); }
Picture enlarge(const Picture&, int64_t, Enlarging) { needs_video(kDrawing); }
void write_words(Picture&, const Box&, const std::string&, const Colour&) { needs_video(kDrawing); }

Picture resize(const Picture&, int64_t, int64_t) { needs_video(kChanging); }
Picture resize_linearly(const Picture&, int64_t, int64_t) { needs_video(kChanging); }
Picture crop_centre(const Picture&, int64_t, int64_t) { needs_video(kChanging); }
Picture fit(const Picture&, int64_t, int64_t) { needs_video(kChanging); }
Picture rotate(const Picture&, int64_t) { needs_video(kChanging); }
Picture with_channels(const Picture&, int64_t) { needs_video(kChanging); }

}  // namespace savp
