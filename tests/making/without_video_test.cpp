// Linked with the stand-ins of SAVP_VIDEO=OFF instead of the sources that use OpenCV and FFmpeg.
#include <fstream>
#include <iterator>
#include <string>

#include "core/error.h"
#include "io/gif.h"
#include "io/image.h"
#include "io/video.h"
#include "making/toy_data.h"
#include "support/scratch_test.h"

namespace savp {
namespace {

using WithoutVideo = ScratchTest;

constexpr char kAdvice[] = "build it with -DSAVP_VIDEO=ON";

TEST_F(WithoutVideo, WhatNeedsItSaysSo) {
  const std::string clip = (folder_ / "clip.mp4").string();
  std::ofstream(clip) << "not looked at";
  const Picture picture{1, 1, 3, {1, 2, 3}};
  EXPECT_CONTAINS(message_of<UsageError>([&] { read_video(clip); }), "videos and images are read");
  EXPECT_CONTAINS(message_of<UsageError>([&] { is_video_file(clip); }), kAdvice);
  EXPECT_CONTAINS(message_of<UsageError>([&] { read_image(clip); }), kAdvice);
  EXPECT_CONTAINS(message_of<UsageError>([&] { write_png(folder_ / "a.png", picture); }), "PNGs are written");
  EXPECT_CONTAINS(message_of<UsageError>([&] { write_gif(folder_ / "a.gif", {picture}, 5); }), kAdvice);
  EXPECT_CONTAINS(message_of<UsageError>([&] { fit(picture, 2, 2); }), "resized");
}

TEST_F(WithoutVideo, ToyDataAreNotBegun) {
  ToyDataOptions options;
  options.output_dir = (folder_ / "toy").string();
  EXPECT_CONTAINS(message_of<UsageError>([&] { make_toy_data(options); }), "toy data are drawn");
  EXPECT_FALSE(std::filesystem::exists(options.output_dir));
}

TEST_F(WithoutVideo, PicturesOfRecordsAreDecoded) {
  const std::string jpeg = encode_jpeg({8, 8, 1, std::vector<uint8_t>(64, 128)});
  std::vector<uint8_t> pixels(64);
  decode_picture(jpeg, encoded_size(jpeg), pixels.data());
  EXPECT_EQ(pixels, std::vector<uint8_t>(64, 128));
}

// The linker leaves out what nothing needs.
TEST_F(WithoutVideo, NeitherLibraryIsLoaded) {
  std::ifstream maps("/proc/self/maps");
  const std::string loaded{std::istreambuf_iterator<char>(maps), {}};
  EXPECT_CONTAINS(loaded, "libc.so");
  for (const char* library : {"libopencv", "libav", "libsw"})
    EXPECT_EQ(loaded.find(library), loaded.npos) << library;
}

}  // namespace
}  // namespace savp
