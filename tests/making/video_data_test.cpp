#include "making/video_data.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "io/example.h"
#include "io/gif.h"
#include "io/tfrecord.h"
#include "making/video_split.h"
#include "records/split_names.h"
#include "support/scratch.h"

namespace savp {
namespace {

// Frame t of every clip is uniformly of level `base` + t.
void write_clip(const std::filesystem::path& path, int frames, int base) {
  std::vector<Picture> pictures;
  for (int t = 0; t < frames; ++t)
    pictures.push_back({12, 20, 1, std::vector<uint8_t>(12 * 20, static_cast<uint8_t>(base + t))});
  write_gif(path, pictures, 10);
}

VideoDataOptions options_for(const ScratchFolder& scratch) {
  VideoDataOptions options;
  options.input_dir = (scratch / "in").string();
  options.output_dir = (scratch / "out").string();
  options.size = "8";
  options.gray = true;
  options.min_length = 4;
  options.clip_length = 10;
  options.threads = 2;
  return options;
}

std::string failure(const VideoDataOptions& options) {
  try {
    make_video_data(options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Json manifest(const ScratchFolder& scratch) { return Json::parse(scratch.read("out/dataset.json")); }

struct StoredClip {
  int64_t length, height, width, channels;
  std::vector<int> levels;  // of the first pixel of each frame
};

std::vector<StoredClip> stored(const std::filesystem::path& path) {
  TfRecordReader reader(path.string());
  std::vector<StoredClip> clips;
  for (auto record = reader.next(); record; record = reader.next()) {
    const ExampleView example(*record);
    StoredClip clip{example.one_int("sequence_length"),
                    example.one_int("height"),
                    example.one_int("width"),
                    example.one_int("channels"),
                    {}};
    for (const auto frame : example.get("images/encoded", FeatureView::Kind::kBytes).bytes()) {
      EXPECT_EQ(frame.size(), static_cast<size_t>(clip.height * clip.width * clip.channels));
      clip.levels.push_back(static_cast<uint8_t>(frame[0]));
    }
    clips.push_back(clip);
  }
  return clips;
}

TEST(VideoData, CutsVideosIntoClips) {
  const ScratchFolder scratch;
  write_clip(scratch / "in/a.gif", 25, 10);
  write_clip(scratch / "in/b.gif", 13, 60);
  auto options = options_for(scratch);
  options.val_fraction = options.test_fraction = 0;
  make_video_data(options);
  EXPECT_EQ(scratch.read("out/train/sequence_lengths.txt"), "10\n10\n5\n10\n");  // 3 frames of b are too few
  const auto clips = stored(scratch / "out/train/sequence_0_to_3.tfrecords");
  ASSERT_EQ(clips.size(), 4U);
  EXPECT_EQ(clips[2].length, 5);
  EXPECT_EQ(clips[2].height, 8);
  EXPECT_EQ(clips[2].width, 8);
  EXPECT_EQ(clips[2].channels, 1);
  ASSERT_EQ(clips[2].levels.size(), 5U);
  for (int t = 0; t < 5; ++t) EXPECT_NEAR(clips[2].levels[static_cast<size_t>(t)], 30 + t, 1);
  EXPECT_NEAR(clips[3].levels[0], 60, 1);
  EXPECT_EQ(manifest(scratch)["dataset"], "video");
}

TEST(VideoData, SplitsByVideo) {
  const ScratchFolder scratch;
  for (int i = 0; i < 10; ++i) write_clip(scratch / concat("in/", i, ".gif"), 10, 20 * i);
  make_video_data(options_for(scratch));
  const auto videos = manifest(scratch)["videos"];
  EXPECT_EQ(videos["train"].size(), 8U);
  EXPECT_EQ(videos["val"].size(), 1U);
  EXPECT_EQ(videos["test"].size(), 1U);
  std::set<std::string> all;
  for (const char* split : kSplitNames)
    for (const auto& name : videos[split]) all.insert(name.get<std::string>());
  EXPECT_EQ(all.size(), 10U);
  // The records are those of the videos named.
  const int test_video = std::stoi(videos["test"][0].get<std::string>());
  EXPECT_NEAR(stored(scratch / "out/test/sequence_0_to_0.tfrecords")[0].levels[0], 20 * test_video, 1);
}

TEST(VideoData, SameSeedSameBytes) {
  const ScratchFolder scratch;
  for (int i = 0; i < 6; ++i) write_clip(scratch / concat("in/", i, ".gif"), 10, 20 * i);
  auto options = options_for(scratch);
  make_video_data(options);
  options.output_dir = (scratch / "again").string();
  options.threads = 1;
  make_video_data(options);
  for (const char* name : {"train/sequence_0_to_3.tfrecords", "val/sequence_0_to_0.tfrecords",
                           "test/sequence_0_to_0.tfrecords", "dataset.json"})
    EXPECT_EQ(scratch.read(concat("out/", name)), scratch.read(concat("again/", name))) << name;
}

TEST(VideoData, LeavesOutWhatCannotBeUsed) {
  const ScratchFolder scratch;
  for (int i = 0; i < 3; ++i) write_clip(scratch / concat("in/good/", i, ".gif"), 10, 20 * i);
  write_clip(scratch / "in/short.gif", 3, 0);
  write_clip(scratch / "in/whole.gif", 20, 0);
  scratch.write("in/cut.gif",
                scratch.read("in/whole.gif").substr(0, scratch.read("in/whole.gif").size() / 2));
  scratch.write("in/notes.txt", "no video");
  scratch.write("in/fake.mp4", "no video either");
  scratch.write("in/empty.mp4", "");
  auto options = options_for(scratch);
  EXPECT_NE(failure(options).find("empty.mp4: is an empty file, not a video (2 such in all"),
            std::string::npos);
  std::filesystem::remove(scratch / "in/empty.mp4");
  std::filesystem::remove(scratch / "in/fake.mp4");
  EXPECT_NE(failure(options).find("cut.gif: is truncated"), std::string::npos);
  scratch.write("in/fake.mp4", "no video either");
  options.skip_bad_videos = true;
  testing::internal::CaptureStderr();
  make_video_data(options);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("short.gif: too short: 3 frames of at least 4"), std::string::npos) << said;
  EXPECT_NE(said.find("cut.gif: is truncated"), std::string::npos) << said;
  EXPECT_NE(said.find("fake.mp4: is not a video, or a damaged one"), std::string::npos) << said;
  EXPECT_NE(said.find("no video: 1 file (notes.txt)"), std::string::npos) << said;
  EXPECT_NE(said.find("3 of the files were left out"), std::string::npos) << said;
  EXPECT_EQ(manifest(scratch)["left_out"], (Json{"cut.gif", "fake.mp4", "short.gif"}));
  EXPECT_EQ(manifest(scratch)["sequences"],
            (Json{{"train", 3}, {"val", 1}, {"test", 1}}));  // whole.gif has two clips
}

TEST(VideoData, FoldersOfFramesAreVideos) {
  const ScratchFolder scratch;
  for (int i = 0; i < 6; ++i) {
    const Picture frame{8, 8, 1, std::vector<uint8_t>(64, static_cast<uint8_t>(10 * i))};
    for (const char* name : {"x", "y", "z"})
      write_png(scratch / concat("in/walking/", name, "/", i, ".png"), frame);
  }
  make_video_data(options_for(scratch));
  EXPECT_EQ(stored(scratch / "out/train/sequence_0_to_0.tfrecords")[0].levels,
            (std::vector<int>{0, 10, 20, 30, 40, 50}));
  EXPECT_EQ(manifest(scratch)["videos"]["train"].size(), 1U);
}

// Clips of one video are alike: they come to different splits on request alone.
TEST(VideoData, AVideoStaysTogether) {
  const ScratchFolder scratch;
  write_clip(scratch / "in/a.gif", 40, 10);
  write_clip(scratch / "in/b.gif", 40, 100);
  testing::internal::CaptureStderr();
  make_video_data(options_for(scratch));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("nothing is left for val"), std::string::npos) << said;
  EXPECT_EQ(manifest(scratch)["sequences"], (Json{{"train", 4}, {"val", 0}, {"test", 4}}));
  EXPECT_EQ(manifest(scratch)["videos"],
            (Json{{"train", {"a.gif"}}, {"val", Json::array()}, {"test", {"b.gif"}}}));
}

// The last clips are then kept for the test.
TEST(VideoData, OneVideoIsSplitByTimeOnRequest) {
  const ScratchFolder scratch;
  write_clip(scratch / "in/a.gif", 40, 10);
  auto options = options_for(scratch);
  options.split_within_videos = true;
  make_video_data(options);
  EXPECT_EQ(manifest(scratch)["split_by"], "clip");
  EXPECT_NEAR(stored(scratch / "out/train/sequence_0_to_1.tfrecords")[0].levels[0], 10, 1);
  EXPECT_NEAR(stored(scratch / "out/val/sequence_0_to_0.tfrecords")[0].levels[0], 30, 1);
  EXPECT_NEAR(stored(scratch / "out/test/sequence_0_to_0.tfrecords")[0].levels[0], 40, 1);
}

// The first level of each clip of a split, sorted.
std::vector<int> first_levels(const ScratchFolder& scratch, const std::string& split) {
  std::vector<int> levels;
  if (!std::filesystem::exists(scratch / ("out/" + split))) return levels;
  for (const auto& entry : std::filesystem::directory_iterator(scratch / ("out/" + split)))
    if (entry.path().extension() == ".tfrecords")
      for (const auto& clip : stored(entry.path())) levels.push_back(clip.levels.front() / 10 * 10);
  std::sort(levels.begin(), levels.end());
  std::filesystem::remove_all(scratch / ("out/" + split));
  return levels;
}

TEST(VideoData, FoldersForSplitsAreKeptWhateverLiesBesideThem) {
  struct Case {
    std::array<const char*, 3> folders;
    const char* stray;
  };
  const Case cases[] = {{{"train", "val", "test"}, "outtakes/scrap.gif"},
                        {{"Training", "VALID", "Testing"}, "scrap.gif"},
                        {{"train", "dev", "eval"}, "more/deep/scrap.gif"},
                        {{"mine/train", "mine/validation", "mine/test"}, "scrap.gif"}};
  for (const auto& [folders, stray] : cases) {
    SCOPED_TRACE(folders[0]);
    const ScratchFolder scratch;
    for (int split = 0; split < 3; ++split)
      for (int clip = 0; clip < 2; ++clip)
        write_clip(scratch / concat("in/", folders[static_cast<size_t>(split)], "/", clip, ".gif"), 5,
                   81 * split + 20 * clip + 5);
    write_clip(scratch / (std::string("in/") + stray), 5, 60);
    testing::internal::CaptureStderr();
    make_video_data(options_for(scratch));
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("scrap.gif"), std::string::npos) << said;
    EXPECT_EQ(manifest(scratch)["split_by"], "folder");
    EXPECT_EQ(first_levels(scratch, "train"), (std::vector<int>{0, 20}));
    EXPECT_EQ(first_levels(scratch, "val"), (std::vector<int>{80, 100}));
    EXPECT_EQ(first_levels(scratch, "test"), (std::vector<int>{160, 180}));
  }
}

TEST(VideoData, FilesNamedAfterSplitsAreKept) {
  const ScratchFolder scratch;
  for (const auto& [name, level] : {std::pair{"train", 0}, {"val", 80}, {"test", 160}})
    write_clip(scratch / concat("in/", name, ".gif"), 5, level + 5);
  make_video_data(options_for(scratch));
  EXPECT_EQ(first_levels(scratch, "val"), (std::vector<int>{80}));
  EXPECT_EQ(first_levels(scratch, "test"), (std::vector<int>{160}));
}

TEST(VideoData, DoubtfulFoldersAreAnError) {
  const std::pair<std::vector<const char*>, const char*> cases[] = {
      {{"train/a", "Train/b", "test/c"}, "are for train: put what belongs together into one folder"},
      {{"train/a", "val/b", "dev/c"}, "are for val"},
      {{"train/a", "car/b", "bus/c"},
       "the folder train looks like one of train, val and test, but bus/c.gif"},
      {{"test/a", "b"}, "the folder test looks like"},
  };
  for (const auto& [names, complaint] : cases) {
    const ScratchFolder scratch;
    for (const char* name : names) write_clip(scratch / concat("in/", name, ".gif"), 5, 0);
    const auto said = failure(options_for(scratch));
    EXPECT_NE(said.find(complaint), std::string::npos) << said;
  }
}

// What lies beside frames is counted, not read; links are followed, those that lead back are named.
TEST(VideoData, OtherFilesAndLinks) {
  const ScratchFolder scratch;
  const Picture frame{8, 8, 1, std::vector<uint8_t>(64, 50)};
  for (int i = 0; i < 6; ++i) write_png(scratch / concat("store/", i, ".png"), frame);
  for (const char* name : {"poses.npy", "words.srt", "Thumbs.db", "desktop.ini", "clip.mp4.part", "a.json"})
    scratch.write(concat("store/", name), "of no use");
  scratch.write("store/.DS_Store", "");
  scratch.write("in/__MACOSX/store/._0.avi", "");
  std::filesystem::create_directory_symlink("../store", scratch / "in/linked");
  std::filesystem::create_directory_symlink(scratch / "in", scratch / "store/up");
  ASSERT_EQ(mkfifo((scratch / "in/live.mp4").c_str(), 0600), 0);
  auto options = options_for(scratch);
  options.val_fraction = options.test_fraction = 0;
  testing::internal::CaptureStderr();
  make_video_data(options);
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(manifest(scratch)["sequences"]["train"], 1);
  for (const char* part :
       {"left out, no video: 6 files", "live.mp4: is a pipe", "linked/up: is a link that leads back to"})
    EXPECT_NE(said.find(part), std::string::npos) << part << " is not in: " << said;
}

TEST(VideoData, FailuresLeaveNothingBehind) {
  const ScratchFolder scratch;
  auto options = options_for(scratch);
  EXPECT_NE(failure(options).find("in: there is no such folder"), std::string::npos);
  scratch.write("in/notes.txt", "no video");
  EXPECT_NE(failure(options).find("in: holds no videos"), std::string::npos);
  write_clip(scratch / "in/a.gif", 3, 0);
  EXPECT_NE(failure(options).find("none of 1 file can be used"), std::string::npos);
  EXPECT_EQ(scratch.names(), (std::vector<std::string>{"in/a.gif", "in/notes.txt"}));
}

TEST(VideoData, UnusableFlagsAreRefused) {
  const ScratchFolder scratch;
  write_clip(scratch / "in/a.gif", 10, 0);
  for (const char* size : {"", "x", "64x", "x64", "0x0", "-8", "64x64x3", "9999", "6 4"}) {
    auto options = options_for(scratch);
    options.size = size;
    EXPECT_THROW(make_video_data(options), UsageError) << size;
  }
  auto options = options_for(scratch);
  options.min_length = options.clip_length + 1;
  EXPECT_THROW(make_video_data(options), UsageError);
  options = options_for(scratch);
  options.val_fraction = options.test_fraction = 0.5;
  EXPECT_THROW(make_video_data(options), UsageError);
}

TEST(VideoData, OblongSizesAreHeightByWidth) {
  const ScratchFolder scratch;
  write_clip(scratch / "in/a.gif", 10, 0);
  auto options = options_for(scratch);
  options.size = "8x16";
  make_video_data(options);
  const auto clips = stored(scratch / "out/train/sequence_0_to_0.tfrecords");
  EXPECT_EQ(clips[0].height, 8);
  EXPECT_EQ(clips[0].width, 16);
}

TEST(VideoSplit, EverySplitGetsItsShareOrOne) {
  const SplitShares shares{0.1, 0.1};
  using Sizes = std::array<int64_t, 3>;
  EXPECT_EQ(split_sizes(1, shares), (Sizes{1, 0, 0}));
  EXPECT_EQ(split_sizes(2, shares), (Sizes{1, 0, 1}));
  EXPECT_EQ(split_sizes(3, shares), (Sizes{1, 1, 1}));
  EXPECT_EQ(split_sizes(5, shares), (Sizes{3, 1, 1}));
  EXPECT_EQ(split_sizes(100, shares), (Sizes{80, 10, 10}));
  EXPECT_EQ(split_sizes(10, {0, 0}), (Sizes{10, 0, 0}));
  EXPECT_EQ(split_sizes(4, {0.1, 0.89}), (Sizes{1, 1, 2}));
  EXPECT_FALSE(enough_to_split(2, shares));
  EXPECT_TRUE(enough_to_split(3, shares));
  EXPECT_TRUE(enough_to_split(1, {0, 0}));
}

TEST(VideoSplit, TheLotDependsOnTheSeed) {
  const SplitShares shares{0.2, 0.2};
  EXPECT_EQ(split_by_lot(50, shares, 1), split_by_lot(50, shares, 1));
  EXPECT_NE(split_by_lot(50, shares, 1), split_by_lot(50, shares, 2));
  EXPECT_NE(split_by_lot(50, shares, 1), split_in_order(50, shares));
}

}  // namespace
}  // namespace savp
