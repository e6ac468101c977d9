#include "io/video.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "io/gif.h"
#include "support/scratch.h"
#include "support/written_video.h"

namespace savp {
namespace {

Picture flat(int64_t height, int64_t width, const std::vector<uint8_t>& colour) {
  Picture picture{height, width, static_cast<int64_t>(colour.size()), {}};
  for (int64_t i = 0; i < height * width; ++i)
    picture.pixels.insert(picture.pixels.end(), colour.begin(), colour.end());
  return picture;
}

// Limited range to full range.
double brightness(int i) { return (written_luma(i) - 16) * 255.0 / 219; }

std::string failure(const std::filesystem::path& path) {
  try {
    read_video(path);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

void cut(const ScratchFolder& scratch, const std::string& from, const std::string& to, double share) {
  const std::string bytes = scratch.read(from);
  scratch.write(to, bytes.substr(0, static_cast<size_t>(static_cast<double>(bytes.size()) * share)));
}

TEST(VideoReader, ReadsFilesOfManyKinds) {
  const ScratchFolder scratch;
  const std::pair<const char*, WrittenVideo> kinds[] = {
      {"a.mp4", {.codec = "mpeg4"}},
      {"b.mp4", {.muxer_option = "movflags=faststart"}},
      {"c.avi", {.codec = "mpeg4"}},
      {"d.avi", {.codec = "rawvideo"}},
      {"e.webm", {.codec = "libvpx"}},
      {"f.mkv", {.codec = "ffv1"}},
      {"g.mov", {.codec = "libx264"}},
      {"h.ts", {.codec = "mpeg2video", .fps = 25}},
      {"i.avi", {.codec = "mjpeg", .pixels = AV_PIX_FMT_YUVJ420P}},
  };
  for (const auto& [name, video] : kinds) {
    SCOPED_TRACE(name);
    write_video(scratch / name, video);
    EXPECT_TRUE(is_video_file(scratch / name));
    VideoReader reader(scratch / name);
    EXPECT_NEAR(reader.fps(), video.fps, 0.01);
    const bool full_range = video.pixels == AV_PIX_FMT_YUVJ420P;
    int i = 0;
    for (; const auto frame = reader.next(); ++i) {
      ASSERT_EQ(frame->height, 48);
      ASSERT_EQ(frame->width, 64);
      ASSERT_EQ(frame->pixels.size(), 48U * 64 * 3);
      EXPECT_NEAR(frame->pixels[3 * (20 * 64 + 30)], full_range ? written_luma(i) : brightness(i), 6)
          << "frame " << i;
    }
    EXPECT_EQ(i, 20);
  }
}

TEST(VideoReader, ReadsGifsBack) {
  const ScratchFolder scratch;
  const std::vector<Picture> written = {flat(6, 9, {255, 0, 0}), flat(6, 9, {0, 255, 0}),
                                        flat(6, 9, {12, 34, 56})};
  write_gif(scratch / "clip.gif", written, 4);
  VideoReader reader(scratch / "clip.gif");
  EXPECT_NEAR(reader.fps(), 4, 0.01);
  for (const Picture& expected : written) EXPECT_EQ(reader.next()->pixels, expected.pixels);
  EXPECT_FALSE(reader.next());
}

TEST(VideoReader, ReadsGrayGifsBack) {
  const ScratchFolder scratch;
  std::vector<Picture> written;
  for (const uint8_t level : {0, 77, 255}) written.push_back(flat(5, 7, {level}));
  write_gif(scratch / "clip.gif", written, 10);
  const auto read = read_video(scratch / "clip.gif", {.channels = 1});
  ASSERT_EQ(read.size(), 3U);
  for (size_t i = 0; i < 3; ++i)
    for (const uint8_t level : read[i].pixels) EXPECT_NEAR(level, written[i].pixels[0], 1);
}

// A clip of smooth colours has more of them than a palette: they may move a little, not much.
TEST(VideoReader, GifColoursAreClose) {
  const ScratchFolder scratch;
  std::vector<Picture> written;
  for (int t = 0; t < 4; ++t) {
    Picture picture{32, 32, 3, {}};
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; ++x)
        for (const int level : {7 * x, 6 * y + 10 * t, 128 - 2 * x})
          picture.pixels.push_back(static_cast<uint8_t>(level));
    written.push_back(picture);
  }
  write_gif(scratch / "clip.gif", written, 4);
  const auto read = read_video(scratch / "clip.gif");
  ASSERT_EQ(read.size(), written.size());
  double difference = 0;
  for (size_t t = 0; t < read.size(); ++t)
    for (size_t i = 0; i < read[t].pixels.size(); ++i)
      difference += std::abs(read[t].pixels[i] - written[t].pixels[i]) / (4.0 * 32 * 32 * 3);
  EXPECT_LT(difference, 5) << "levels on average";
}

TEST(VideoReader, CutsAndResizes) {
  const ScratchFolder scratch;
  write_video(scratch / "a.mp4", {.frames = 3});
  const auto frames = read_video(scratch / "a.mp4", {.height = 16, .width = 32, .channels = 1});
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[2].height, 16);
  EXPECT_EQ(frames[2].width, 32);
  EXPECT_EQ(frames[2].pixels.size(), 16U * 32);
  EXPECT_NEAR(frames[2].pixels[100], brightness(2), 4);
  EXPECT_EQ(read_video(scratch / "a.mp4", {}, 2).size(), 2U);
}

TEST(VideoReader, MakesPixelsSquare) {
  const ScratchFolder scratch;
  write_video(scratch / "a.mp4", {.frames = 2, .pixel_aspect = {3, 2}});
  const auto frames = read_video(scratch / "a.mp4");
  EXPECT_EQ(frames[0].height, 48);
  EXPECT_EQ(frames[0].width, 96);
}

// As the ffmpeg program shows them: all four turns, each as it is or mirrored.
TEST(VideoReader, DisplayMatricesAreFollowed) {
  const ScratchFolder scratch;
  const std::pair<std::array<int32_t, 4>, std::array<int, 4>> cases[] = {
      {{1, 0, 0, 1}, {0, 1, 2, 3}},   {{-1, 0, 0, 1}, {1, 0, 3, 2}},  {{1, 0, 0, -1}, {2, 3, 0, 1}},
      {{-1, 0, 0, -1}, {3, 2, 1, 0}}, {{0, 1, 1, 0}, {0, 2, 1, 3}},   {{0, 1, -1, 0}, {2, 0, 3, 1}},
      {{0, -1, 1, 0}, {1, 3, 0, 2}},  {{0, -1, -1, 0}, {3, 1, 2, 0}},
  };
  for (const auto& [display, quarters] : cases) {
    SCOPED_TRACE(testing::Message() << display[0] << ' ' << display[1] << ' ' << display[2] << ' '
                                    << display[3]);
    write_video(scratch / "a.mp4", {.frames = 2, .quarters = true, .display = display});
    const auto frame = read_video(scratch / "a.mp4", {.channels = 1}).front();
    ASSERT_EQ(frame.width, display[0] != 0 ? 64 : 48);
    ASSERT_EQ(frame.height, display[0] != 0 ? 48 : 64);
    for (int i = 0; i < 4; ++i) {
      const int64_t y = (i < 2 ? 1 : 3) * frame.height / 4, x = (i % 2 == 0 ? 1 : 3) * frame.width / 4;
      EXPECT_NEAR(frame.pixels[static_cast<size_t>(y * frame.width + x)],
                  (written_quarter(quarters[static_cast<size_t>(i)]) - 16) * 255.0 / 219, 8)
          << "quarter " << i;
    }
  }
}

TEST(VideoReader, PicksFramesByTime) {
  const ScratchFolder scratch;
  write_video(scratch / "a.mkv", {.codec = "ffv1", .frames = 20, .fps = 20});
  const auto levels = [&](double fps) {
    std::vector<int> found;
    for (const auto& frame : read_video(scratch / "a.mkv", {.fps = fps}))
      found.push_back(static_cast<int>(std::lround(frame.pixels[0] * 219.0 / 2550)));
    return found;
  };
  EXPECT_EQ(levels(5), (std::vector<int>{0, 4, 8, 12, 16}));
  EXPECT_EQ(levels(20).size(), 20U);
  EXPECT_EQ(levels(40).size(), 40U);
  EXPECT_EQ(levels(0).size(), 20U);
}

TEST(VideoReader, SortsFramesByTheirNumbers) {
  const ScratchFolder scratch;
  for (const int i : {1, 2, 9, 10, 11, 100})
    write_png(scratch / ("clip/frame_" + std::to_string(i) + ".png"),
              flat(4, 4, {static_cast<uint8_t>(i), 0, 0}));
  scratch.write("clip/notes.txt", "not a frame");
  scratch.write("clip/._frame_1.png", "left by a file manager");
  EXPECT_TRUE(is_frame_folder(scratch / "clip"));
  EXPECT_FALSE(is_frame_folder(scratch.path()));
  std::vector<int> order;
  for (const auto& frame : read_video(scratch / "clip")) order.push_back(frame.pixels[0]);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 9, 10, 11, 100}));
}

std::vector<std::string> in_order(const ScratchFolder& scratch, std::vector<std::string> names) {
  for (size_t i = 0; i < names.size(); ++i)
    write_png(scratch / ("clip/" + names[i]), flat(2, 2, {static_cast<uint8_t>(i)}));
  std::vector<std::string> order;
  for (const auto& frame : read_video(scratch / "clip")) order.push_back(names.at(frame.pixels[0]));
  std::filesystem::remove_all(scratch / "clip");
  return order;
}

TEST(VideoReader, FramesComeInTheOrderOfTheirWholeNames) {
  const ScratchFolder scratch;
  const std::vector<std::string> orders[] = {
      {"t_0.png", "t_0.25.png", "t_0.5.png", "t_1.png", "t_2.75.png", "t_10.png"},
      {"t_0.0.png", "t_0.5.png", "t_9.5.png", "t_10.0.png"},
      {"IMG_8.png", "img_9.PNG", "Img_10.bmp", "IMG_11.png"},
      {"1305031102.175304.png", "1305031102.211214.png", "1305031102.243210.png"},
      {"shot.001.0009.png", "shot.001.0010.png", "shot.002.0001.png"},
      {"a.png", "b.png", "c.png"},
      {"0001_start.png", "0002_end.png"},
      {"99999999999999999998.png", "99999999999999999999.png", "100000000000000000000.png"},
  };
  for (const auto& order : orders) {
    auto mixed = order;
    std::rotate(mixed.begin(), mixed.begin() + 1, mixed.end());
    EXPECT_EQ(in_order(scratch, mixed), order);
  }
}

TEST(VideoReader, NamesThatAllowTwoOrdersAreAnError) {
  const ScratchFolder scratch;
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"v_1.9.png", "v_1.10.png", "v_1.11.png"}, "decimals or not"},
      {{"01.png", "1.png", "2.png"}, "01.png and 1.png have the same place"},
      {{"1.png", "1.bmp", "2.png"}, "have the same place"},
      {{"left_1.png", "left_2.png", "right_1.png", "right_2.png"}, "different series"},
      {{"1_left.png", "1_right.png", "2_left.png", "2_right.png"}, "different series"},
      {{"b_1.png", "a_2.png", "b_3.png"}, "different series"},
      {{"frame_1.png", "frame_2.png", "cover.png"}, "different series"},
  };
  for (const auto& [names, complaint] : cases) {
    for (const auto& name : names) write_png(scratch / ("clip/" + name), flat(2, 2, {1}));
    EXPECT_SAYS(failure(scratch / "clip"), "clip: the order of its frames is not clear");
    EXPECT_SAYS(failure(scratch / "clip"), complaint);
    std::filesystem::remove_all(scratch / "clip");
  }
}

TEST(VideoReader, PipesAmongFramesAreLeftOutAndMissingOnesAreNot) {
  const ScratchFolder scratch;
  for (const char* name : {"1", "2"})
    write_png(scratch / (std::string("clip/") + name + ".png"), flat(2, 2, {1}));
  ASSERT_EQ(mkfifo((scratch / "clip/3.png").c_str(), 0600), 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(read_video(scratch / "clip").size(), 2U);
  EXPECT_SAYS(testing::internal::GetCapturedStderr(), "3.png: is a pipe");
  std::filesystem::create_symlink("nowhere.png", scratch / "clip/4.png");
  EXPECT_SAYS(failure(scratch / "clip"), "4.png: is a link that leads nowhere");
}

TEST(VideoReader, FoldersOfMixedSizesAreRefused) {
  const ScratchFolder scratch;
  write_png(scratch / "clip/1.png", flat(4, 4, {1}));
  write_png(scratch / "clip/2.png", flat(4, 6, {1}));
  EXPECT_SAYS(failure(scratch / "clip"), "2.png: is 4x6 (height x width), but 1.png is 4x4");
}

TEST(VideoReader, WhatIsNoVideoIsNamed) {
  const ScratchFolder scratch;
  scratch.write("notes.txt", "some text\nin lines\n");
  scratch.write("fake.mp4", std::string(5000, 'x'));
  scratch.write("empty.mp4", "");
  scratch.write("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://localhost:9/a.ts\n");
  scratch.write("folder/notes.txt", "");
  write_png(scratch / "still.png", flat(8, 8, {1, 2, 3}));
  for (const char* name : {"notes.txt", "fake.mp4", "list.m3u8", "still.png"}) {
    EXPECT_SAYS(failure(scratch / name), std::string(name) + ": is not a video");
    EXPECT_FALSE(is_video_file(scratch / name)) << name;
  }
  EXPECT_SAYS(failure(scratch / "empty.mp4"), "empty.mp4: is an empty file");
  EXPECT_SAYS(failure(scratch / "missing.mp4"), "missing.mp4: there is no such file or folder");
  EXPECT_SAYS(failure(scratch / "folder"), "folder: holds no images");
}

TEST(VideoReader, NeverWaitsForAPipe) {
  const ScratchFolder scratch;
  ASSERT_EQ(mkfifo((scratch / "pipe.mp4").c_str(), 0600), 0);
  EXPECT_SAYS(failure(scratch / "pipe.mp4"), "pipe.mp4: is neither a file nor a folder");
}

// A part must not pass for the whole, wherever the file is cut.
TEST(VideoReader, TruncatedFilesAreRefused) {
  const ScratchFolder scratch;
  write_video(scratch / "end.mp4", {});
  write_video(scratch / "start.mp4", {.muxer_option = "movflags=faststart"});
  write_video(scratch / "a.avi", {.codec = "mjpeg", .pixels = AV_PIX_FMT_YUVJ420P});
  write_video(scratch / "a.webm", {.codec = "libvpx"});
  std::vector<Picture> pictures;
  for (int i = 0; i < 10; ++i) pictures.push_back(flat(32, 32, {static_cast<uint8_t>(20 * i), 9, 9}));
  write_gif(scratch / "a.gif", pictures, 4);
  for (const char* name : {"end.mp4", "start.mp4", "a.avi", "a.webm", "a.gif"})
    for (const double share : {0.3, 0.5, 0.7}) {
      cut(scratch, name, std::string("cut_") + name, share);
      EXPECT_SAYS(failure(scratch / (std::string("cut_") + name)), std::string("cut_") + name)
          << " at " << share;
    }
}

// Neither a last frame that stays long nor bytes behind the end mean that something is missing.
TEST(VideoReader, WholeGifsAreNotTruncated) {
  const ScratchFolder scratch;
  write_gif(scratch / "a.gif", {flat(4, 4, {255, 0, 0}), flat(4, 4, {0, 255, 0}), flat(4, 4, {0, 0, 255})},
            25);
  const auto whole = scratch.read("a.gif");
  for (const char* tail : {"\0", "\r\n", "\0\0\0notes;"}) {
    scratch.write("tail.gif", whole + std::string(tail, tail[0] == 0 ? (tail[1] == 0 ? 9 : 1) : 2));
    EXPECT_EQ(read_video(scratch / "tail.gif").size(), 3U);
  }
  auto slow = whole;  // 0x21 0xF9 0x04, flags, the delay in 1/100 s
  const auto last = slow.rfind("\x21\xF9\x04");
  slow[last + 4] = 0x2C, slow[last + 5] = 1;
  scratch.write("slow.gif", slow);
  EXPECT_EQ(read_video(scratch / "slow.gif").size(), 3U);
}

// Written to a pipe, a container knows neither its length nor an index.
TEST(VideoReader, FilesWithoutLengthAreReadInFull) {
  const ScratchFolder scratch;
  write_video(scratch / "a.avi", {.codec = "mjpeg", .pixels = AV_PIX_FMT_YUVJ420P});
  auto bytes = scratch.read("a.avi");
  for (const auto* size : {"\0\0\0\0", "\xFF\xFF\xFF\xFF"}) {
    bytes.replace(4, 4, size, 4);
    scratch.write("open.avi", bytes);
    EXPECT_EQ(read_video(scratch / "open.avi").size(), 20U);
  }
  write_video(scratch / "a.mkv", {.codec = "mpeg4", .muxer_option = "live=1"});
  EXPECT_EQ(read_video(scratch / "a.mkv").size(), 20U);
}

// The container is as long as its longest stream.
TEST(VideoReader, SoundMayBeLongerThanTheFrames) {
  const ScratchFolder scratch;
  for (const std::string name : {"a.avi", "a.mkv", "a.mov"}) {
    write_video(scratch / name, {.sound = 7});
    EXPECT_EQ(read_video(scratch / name).size(), 20U) << name;
    cut(scratch, name, "cut_" + name, 0.05);
    EXPECT_SAYS(failure(scratch / ("cut_" + name)), "cut_" + name);
  }
}

TEST(VideoReader, NamesMayBeInAnyCase) {
  const ScratchFolder scratch;
  write_video(scratch / "a.mp4", {.frames = 3});
  for (const char* name : {"a.MP4", "a.Mp4"}) {
    scratch.write(name, scratch.read("a.mp4"));
    EXPECT_TRUE(is_video_file(scratch / name)) << name;
    EXPECT_EQ(read_video(scratch / name).size(), 3U) << name;
  }
}

TEST(VideoReader, FragmentedAndStreamedFilesAreRefusedWhereTheyAreCut) {
  const ScratchFolder scratch;
  write_video(scratch / "a.mp4", {.muxer_option = "movflags=frag_keyframe+empty_moov"});
  write_video(scratch / "a.flv", {.codec = "flv"});
  write_video(scratch / "a.mkv", {.codec = "mpeg4"});
  write_video(scratch / "a.wmv", {.codec = "wmv2"});
  for (const std::string name : {"a.mp4", "a.flv", "a.mkv", "a.wmv"}) {
    EXPECT_EQ(read_video(scratch / name).size(), 20U) << name;
    cut(scratch, name, "cut_" + name, 0.7);
    EXPECT_SAYS(failure(scratch / ("cut_" + name)), "cut_" + name);
    scratch.write("more_" + name, scratch.read(name) + std::string(100, '\0'));
    EXPECT_EQ(read_video(scratch / ("more_" + name)).size(), 20U) << name;
  }
}

TEST(VideoReader, NoiseIsNotTakenForSound) {
  const ScratchFolder scratch;
  std::string noise;
  uint32_t draw = 5;
  for (int i = 0; i < 60; ++i) {
    noise += "\xFF\xFB\x90\x64";
    for (int k = 0; k < 413; ++k) noise += static_cast<char>((draw = draw * 1664525 + 1013904223) >> 24U);
  }
  scratch.write("depth.bin", noise);
  EXPECT_FALSE(surely_is_video_file(scratch / "depth.bin"));
  write_video(scratch / "a.mp4", {});
  scratch.write("clip", scratch.read("a.mp4"));
  EXPECT_TRUE(surely_is_video_file(scratch / "clip"));
}

TEST(VideoReader, DamageIsToldWithItsFrame) {
  const ScratchFolder scratch;
  write_video(scratch / "a.avi", {.codec = "png", .pixels = AV_PIX_FMT_GRAY8});
  std::string bytes = scratch.read("a.avi");
  size_t frame = bytes.find("movi");
  for (int i = 0; i < 10; ++i) frame = bytes.find("00dc", frame + 1);  // the tenth chunk of pictures
  for (size_t i = 60; i < 64; ++i) bytes[frame + i] = static_cast<char>(~bytes[frame + i]);
  scratch.write("b.avi", bytes);
  VideoReader reader(scratch / "b.avi");
  int delivered = 0;
  try {
    for (; reader.next(); ++delivered) continue;
    FAIL() << "the damage was not noticed";
  } catch (const DataError& error) {
    EXPECT_GT(delivered, 5);
    EXPECT_SAYS(std::string(error.what()),
                "b.avi: is truncated or damaged after frame " + std::to_string(delivered));
  }
}

TEST(VideoReader, TruncatedAtEveryByte) {
  const ScratchFolder scratch;
  write_gif(scratch / "whole.gif",
            {flat(4, 4, {255, 0, 0}), flat(4, 4, {0, 255, 0}), flat(4, 4, {0, 0, 255})}, 10);
  write_video(scratch / "whole.avi", {.codec = "rawvideo", .height = 8, .width = 8, .frames = 3});
  for (const std::string name : {"whole.gif", "whole.avi"}) {
    const auto whole = scratch.read(name);
    for (size_t length = 0; length < whole.size(); length += name == "whole.gif" ? 1 : 7) {
      scratch.write("cut", whole.substr(0, length));
      EXPECT_SAYS(failure(scratch / "cut"), "cut: ");
    }
  }
}

// A GIF tells its size in bytes 6 to 9, width first, little-endian.
TEST(VideoReader, AbsurdSizesReserveNoMemory) {
  const ScratchFolder scratch;
  write_gif(scratch / "whole.gif", {flat(4, 4, {255, 0, 0}), flat(4, 4, {0, 255, 0})}, 10);
  auto bytes = scratch.read("whole.gif");
  for (const auto& [size, said] : {std::pair{std::string("\x80\x3E\x40\x3E", 4), "15936x16000"},
                                   {std::string("\0\x20\0\x20", 4), "8192x8192"}}) {
    scratch.write("boasting.gif", bytes.replace(6, 4, size));
    EXPECT_SAYS(failure(scratch / "boasting.gif"),
                concat("boasting.gif: frames of ", said, " (height x width) are too large"));
  }
}

// What cannot be noticed is shown as it is; nothing worse happens.
TEST(VideoReader, FlippedBitsDoNoHarm) {
  const ScratchFolder scratch;
  write_gif(scratch / "whole.gif", {flat(4, 4, {255, 0, 0}), flat(4, 4, {0, 255, 0})}, 10);
  const auto whole = scratch.read("whole.gif");
  int64_t refused = 0;
  for (size_t bit = 0; bit < 8 * whole.size(); bit += 3) {
    auto flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    scratch.write("flipped.gif", flipped);
    try {
      for (const auto& picture : read_video(scratch / "flipped.gif", {.height = 4, .width = 4}))
        EXPECT_EQ(picture.pixels.size(), 48U);
    } catch (const DataError& error) {
      ++refused;
      EXPECT_SAYS(std::string(error.what()), "flipped.gif: ");
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace savp
