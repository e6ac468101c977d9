// The preparations of published data sets, on small stand-ins for their files.
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <set>

#include "io/array_file.h"
#include "io/example.h"
#include "io/sha256.h"
#include "io/tfrecord.h"
#include "io/video.h"
#include "making/bair_data.h"
#include "making/kth_data.h"
#include "making/ucf101_data.h"
#include "support/scratch_test.h"
#include "support/written_video.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

struct StoredSequence {
  int64_t length, height, width, channels;
  std::vector<std::string> frames;
};

// All sequences of a split, in the order of their numbers.
std::vector<StoredSequence> stored(const fs::path& folder) {
  std::map<int, fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (const auto name = entry.path().filename().string();
        name.starts_with("sequence_") && !name.ends_with(".txt"))
      files[std::stoi(name.substr(9))] = entry.path();
  std::vector<StoredSequence> all;
  for (const auto& [first, path] : files) {
    EXPECT_EQ(first, static_cast<int>(all.size()));
    TfRecordReader reader(path.string());
    while (const auto record = reader.next()) {
      const ExampleView example(*record);
      auto& sequence = all.emplace_back(StoredSequence{example.one_int("sequence_length"),
                                                       example.one_int("height"),
                                                       example.one_int("width"),
                                                       example.one_int("channels"),
                                                       {}});
      for (const auto frame : example.get("images/encoded", FeatureView::Kind::kBytes).bytes())
        sequence.frames.emplace_back(frame);
    }
    EXPECT_EQ(path.filename().string(), concat("sequence_", first, "_to_", all.size() - 1, ".tfrecords"));
  }
  return all;
}

class PublishedData : public ScratchTest {
 protected:
  Json manifest() const { return Json::parse(read(folder_ / "out/dataset.json")); }

  // Every file but the manifest is in it, as it is.
  void expect_true_manifest() const {
    std::set<std::string> listed, there;
    const auto files = manifest()["files"];
    for (const auto& file : files) {
      const auto path = folder_ / "out" / file["path"].get<std::string>();
      listed.insert(file["path"]);
      EXPECT_EQ(file["bytes"], fs::file_size(path));
      EXPECT_EQ(file["sha256"], sha256_of_file(path));
    }
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out"))
      if (entry.is_regular_file() && entry.path().filename() != "dataset.json")
        there.insert(fs::relative(entry.path(), folder_ / "out").string());
    EXPECT_EQ(listed, there);
    EXPECT_FALSE(listed.empty());
  }
};

// --- KTH

class KthData : public PublishedData {
 protected:
  void write_kth_video(const std::string& name, int frames = 6) const {
    const auto path = folder_ / "raw" / name;
    fs::create_directories(path.parent_path());
    write_video(path, {.height = 30, .width = 40, .frames = frames, .fps = 25});
  }
  KthDataOptions options() const {
    KthDataOptions options;
    options.input_dir = (folder_ / "raw").string();
    options.output_dir = (folder_ / "out").string();
    options.size = 16;
    options.threads = 2;
    return options;
  }
  // A pickle of protocol 2: for each video, lists of frames (from 1).
  void write_metadata(const std::string& name,
                      const std::map<std::string, std::vector<std::vector<int>>>& videos) const {
    const auto text = [](const std::string& t) { return std::string("U") + static_cast<char>(t.size()) + t; };
    std::string pickle = "\x80\x02](";
    for (const auto& [video, parts] : videos) {
      pickle += "}(" + text("vid") + text(video) + text("files") + "](";
      for (const auto& frames : parts) {
        pickle += "](";
        for (const int i : frames) pickle += text(concat("image-00", i, "_16x16.png"));
        pickle += "e";
      }
      pickle += "eu";
    }
    write("meta/" + name, pickle + "e.");
  }
};

TEST_F(KthData, SplitsByPersonAndKeepsWholeVideos) {
  for (int person = 1; person <= 25; ++person) {
    const auto number = concat(person < 10 ? "0" : "", person);
    write_kth_video(concat("walking/person", number, "_walking_d1_uncomp.avi"), 3 + person % 3);
  }
  make_kth_data(options());
  const auto videos = manifest()["videos"];
  EXPECT_EQ(videos["train"].size(), 15U) << "95 % of 16, rounded down";
  EXPECT_EQ(videos["val"].size(), 1U);
  EXPECT_EQ(videos["test"].size(), 9U);
  EXPECT_EQ(videos["test"][0], "walking/person17_walking_d1_uncomp.avi");
  EXPECT_EQ(videos["test"][8], "walking/person25_walking_d1_uncomp.avi");
  EXPECT_EQ(manifest()["sequences"], (Json{{"train", 15}, {"val", 1}, {"test", 9}}));
  EXPECT_EQ(manifest()["dataset"], "kth");
  const auto test = stored(folder_ / "out/test");
  ASSERT_EQ(test.size(), 9U);
  std::string lengths;
  for (int person = 17; person <= 25; ++person) {
    const auto& sequence = test[static_cast<size_t>(person - 17)];
    EXPECT_EQ(sequence.length, 3 + person % 3);
    EXPECT_EQ(sequence.frames.size(), static_cast<size_t>(sequence.length));
    EXPECT_EQ(std::vector({sequence.height, sequence.width, sequence.channels}),
              (std::vector<int64_t>{16, 16, 1}));
    EXPECT_EQ(sequence.frames[0].size(), 256U);
    lengths += concat(sequence.length, "\n");
  }
  EXPECT_EQ(read(folder_ / "out/test/sequence_lengths.txt"), lengths);
  expect_true_manifest();
}

TEST_F(KthData, TheSeedDecidesWhatIsForValidation) {
  for (int person = 1; person <= 16; ++person)
    write_kth_video(concat("person", person, "_boxing_d1_uncomp.avi"), 2);
  write_kth_video("person17_boxing_d1_uncomp.avi", 2);
  std::set<std::string> chosen;
  for (int seed = 0; seed < 8; ++seed) {
    auto given = options();
    given.seed = seed;
    given.overwrite = true;
    make_kth_data(given);
    const auto first = manifest();
    given.threads = 1;
    make_kth_data(given);
    EXPECT_EQ(manifest(), first) << "same seed, same bytes";
    chosen.insert(first["videos"]["val"][0]);
  }
  EXPECT_GT(chosen.size(), 2U);
}

TEST_F(KthData, MetadataNamesTheSubSequences) {
  for (int person = 1; person <= 2; ++person)
    write_kth_video(concat("running/person", person, "_running_d2_uncomp.avi"), 6);
  write_kth_video("running/person20_running_d2_uncomp.avi", 6);
  write_metadata("running/train_meta16x16.pkl",
                 {{"person1_running_d2", {{1, 2, 3}, {4, 5}}}, {"person2_running_d2", {{2, 3}}}});
  write_metadata("running/test_meta16x16.pkl", {{"person20_running_d2", {{3, 4, 5, 6}}}});
  auto given = options();
  given.meta_dir = (folder_ / "meta").string();
  make_kth_data(given);
  EXPECT_EQ(read(folder_ / "out/test/sequence_lengths.txt"), "4\n");
  const auto test = stored(folder_ / "out/test");
  ASSERT_EQ(test.size(), 1U);
  // Frame i of the video is uniformly of a level that grows with i.
  const auto all = read_video(folder_ / "raw/running/person20_running_d2_uncomp.avi",
                              {.height = 16, .width = 16, .plain = true});
  for (size_t t = 0; t < 4; ++t)
    EXPECT_EQ(static_cast<uint8_t>(test[0].frames[t][0]), all[t + 2].pixels[0]) << "frame " << t;
  EXPECT_EQ(manifest()["sequences"]["train"].get<int>() + manifest()["sequences"]["val"].get<int>(), 3);

  write_metadata("running/test_meta16x16.pkl", {{"person20_running_d2", {{5, 6, 7}}}});
  given.overwrite = true;
  EXPECT_CONTAINS(message_of<DataError>([&] { make_kth_data(given); }),
                  "person20_running_d2_uncomp.avi: the metadata names frame 7, the video has 6");
  write_metadata("running/test_meta16x16.pkl", {});
  EXPECT_CONTAINS(message_of<DataError>([&] { make_kth_data(given); }),
                  "has no entry for person20_running_d2");
  write("meta/running/test_meta16x16.pkl", "junk");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_kth_data(given); }), "test_meta16x16.pkl, byte ");
  EXPECT_EQ(read(folder_ / "out/test/sequence_lengths.txt"), "4\n") << "what was there is left alone";
}

// Recorded: ffmpeg 5.1 as the published preparation calls it, "-r 25 -s 64x64", and the first channel. Other
// processors may round otherwise.
TEST_F(KthData, FramesAreThoseOfTheFfmpegProgram) {
  const fs::path golden = SAVP_TEST_DATA "/golden/preprocessing";
  fs::create_directories(folder_ / "raw");
  for (const char* person : {"01", "17"})
    fs::copy_file(golden / "clip.avi", folder_ / "raw" / concat("person", person, "_walking_d4_uncomp.avi"));
  auto given = options();
  given.size = 64;
  make_kth_data(given);
  const auto frames = stored(folder_ / "out/test").at(0).frames;
  const ArrayFile recorded(golden / "frames_64x64.npy");
  auto reader = recorded.open("");
  ASSERT_EQ(reader.header().shape, (std::vector<int64_t>{5, 64, 64}));
  ASSERT_EQ(frames.size(), 5U);
  for (const auto& frame : frames) {
    const auto expected = reader.read_bytes(int64_t{64} * 64);
    ASSERT_EQ(frame.size(), expected.size());
    for (size_t i = 0; i < frame.size(); ++i)
      ASSERT_NEAR(static_cast<uint8_t>(frame[i]), static_cast<uint8_t>(expected[i]), 1) << "pixel " << i;
  }
}

// Stretched, not cut; the whole picture is seen.
TEST_F(KthData, PicturesAreStretched) {
  write_kth_video("person17_jogging_d1_uncomp.avi", 2);
  write_kth_video("person01_jogging_d1_uncomp.avi", 2);
  const auto frames =
      read_video(folder_ / "raw/person17_jogging_d1_uncomp.avi", {.height = 16, .width = 24, .plain = true});
  EXPECT_EQ(frames[0].height, 16);
  EXPECT_EQ(frames[0].width, 24);
}

TEST_F(KthData, DamageStopsItUnlessLeftOut) {
  write_kth_video("person17_boxing_d1_uncomp.avi", 6);
  for (int i = 1; i <= 3; ++i) write_kth_video(concat("person0", i, "_boxing_d1_uncomp.avi"), 6);
  const auto damaged = folder_ / "raw/person17_boxing_d1_uncomp.avi";
  fs::resize_file(damaged, fs::file_size(damaged) / 2);
  auto given = options();
  const auto text = message_of<DataError>([&] { make_kth_data(given); });
  EXPECT_CONTAINS(text, "person17_boxing_d1_uncomp.avi: ");
  EXPECT_CONTAINS(text, "--skip_bad_videos");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  given.skip_bad_videos = true;
  make_kth_data(given);
  EXPECT_EQ(manifest()["left_out"], Json::array({"person17_boxing_d1_uncomp.avi"}));
  EXPECT_EQ(manifest()["sequences"]["test"], 0);
}

TEST_F(KthData, OtherFilesAreNamed) {
  fs::create_directories(folder_ / "raw");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_kth_data(options()); }),
                  "raw: holds no videos named like");
  write_kth_video("holiday.avi");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_kth_data(options()); }), "holiday.avi: is not named like");
  fs::remove(folder_ / "raw/holiday.avi");
  write_kth_video("a/person01_boxing_d1_uncomp.avi");
  write_kth_video("b/person01_boxing_d1_uncomp.avi");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_kth_data(options()); }), "the same video as");
}

// Beside each file on a disk of another system, and in archives that were made there.
TEST_F(KthData, WhatAMacLeavesIsNoVideo) {
  for (const char* person : {"01", "02", "17"}) {
    const auto name = concat("person", person, "_boxing_d1_uncomp.avi");
    write_kth_video("boxing/" + name);
    write("raw/boxing/._" + name, "Mac OS X");
    write("raw/__MACOSX/boxing/._" + name, "Mac OS X");
  }
  make_kth_data(options());
  EXPECT_EQ(manifest()["sequences"], (Json{{"train", 1}, {"val", 1}, {"test", 1}}));
}

// --- UCF-101

class Ucf101Data : public PublishedData {
 protected:
  void SetUp() override {
    for (int i = 0; i < 22; ++i) {
      const auto path = folder_ / "videos" / name(i);
      fs::create_directories(path.parent_path());
      const bool odd_size = i == 1;
      write_video(path, {.height = odd_size ? 120 : 240, .width = odd_size ? 200 : 320, .frames = 2 + i % 2});
    }
    write("lists/trainlist01.txt", lines(0, 4, " 1"));
    write("lists/trainlist02.txt", lines(2, 6, " 1"));
    write("lists/testlist01.txt", lines(6, 22, ""));
    write("lists/testlist02.txt", lines(0, 2, ""));
  }
  static std::string name(int i) { return concat("Archery/v_Archery_g", i, ".avi"); }
  static std::string lines(int from, int to, const std::string& end) {
    std::string text;
    for (int i = from; i < to; ++i) text += name(i) + end + "\r\n";
    return text;
  }
  Ucf101DataOptions options() const {
    Ucf101DataOptions options;
    options.input_dir = (folder_ / "videos").string();
    options.lists_dir = (folder_ / "lists").string();
    options.output_dir = (folder_ / "out").string();
    return options;
  }
};

TEST_F(Ucf101Data, ListsDecide) {
  make_ucf101_data(options());
  EXPECT_EQ(manifest()["sequences"], (Json{{"train", 7}, {"val", 1}, {"test", 18}, {"test_mathieu", 2}}));
  EXPECT_EQ(manifest()["videos"]["test_mathieu"], (Json{name(6), name(16)}));
  const auto test = stored(folder_ / "out/test");
  ASSERT_EQ(test.size(), 18U);
  EXPECT_EQ(test[0].length, 2);
  EXPECT_EQ(test[1].length, 3);
  EXPECT_FALSE(fs::exists(folder_ / "out/test/sequence_lengths.txt"));
  expect_true_manifest();
  auto given = options();
  given.overwrite = true;
  given.fold = 1;
  make_ucf101_data(given);
  EXPECT_EQ(manifest()["sequences"], (Json{{"train", 3}, {"val", 1}, {"test", 16}, {"test_mathieu", 2}}));
}

TEST_F(Ucf101Data, FramesAreJpegsOfOneSize) {
  make_ucf101_data(options());
  for (const auto& sequence : stored(folder_ / "out/test"))
    for (const auto& frame : sequence.frames) {
      const cv::Mat bytes(1, static_cast<int>(frame.size()), CV_8UC1, const_cast<char*>(frame.data()));
      const auto picture = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
      ASSERT_EQ(picture.size(), cv::Size(320, 240));
      ASSERT_EQ(picture.channels(), 3);
      ASSERT_EQ(std::vector({sequence.height, sequence.width}), (std::vector<int64_t>{240, 320}));
    }
}

// Recorded: OpenCV's resize and imencode of the clip's first frame.
TEST_F(Ucf101Data, FramesAreThoseOfOpenCv) {
  const fs::path golden = SAVP_TEST_DATA "/golden/preprocessing";
  fs::copy_file(golden / "clip.avi", folder_ / "videos" / name(6), fs::copy_options::overwrite_existing);
  make_ucf101_data(options());
  const auto frame = stored(folder_ / "out/test").at(0).frames.at(0);
  const auto decoded = [](const std::string& jpeg) {
    return cv::imdecode(std::vector<uint8_t>(jpeg.begin(), jpeg.end()), cv::IMREAD_COLOR);
  };
  EXPECT_LE(cv::norm(decoded(frame), decoded(read(golden / "frame_240x320.jpg")), cv::NORM_INF), 2)
      << "levels";
}

TEST_F(Ucf101Data, MissingFilesAreNamed) {
  write("lists/testlist02.txt", name(3) + "\nArchery/none.avi\n");
  EXPECT_CONTAINS(
      message_of<DataError>([&] { make_ucf101_data(options()); }),
      "testlist02.txt, line 2: " + (folder_ / "videos/Archery/none.avi").string() + " is not there");
  auto given = options();
  given.fold = 3;
  EXPECT_CONTAINS(message_of<DataError>([&] { make_ucf101_data(given); }), "holds no trainlist03.txt");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

// --- BAIR

class BairData : public PublishedData {
 protected:
  void SetUp() override {
    for (const char* name :
         {"train/traj_0_to_255", "train/traj_256_to_511", "train/traj_512_to_767", "test/traj_0_to_255"})
      write(concat("raw/softmotion30_44k/", name, ".tfrecords"), concat("bytes of ", name));
  }
  BairDataOptions options() const {
    BairDataOptions options;
    options.input_dir = (folder_ / "raw").string();
    options.output_dir = (folder_ / "out").string();
    return options;
  }
};

TEST_F(BairData, OneTrainingFileIsForValidation) {
  make_bair_data(options());
  EXPECT_EQ(manifest()["sequences"], (Json{{"train", 512}, {"val", 256}, {"test", 256}}));
  EXPECT_EQ(read(folder_ / "out/val/traj_256_to_511.tfrecords"), "bytes of train/traj_256_to_511");
  EXPECT_FALSE(fs::exists(folder_ / "out/train/traj_256_to_511.tfrecords"));
  expect_true_manifest();
  EXPECT_TRUE(fs::exists(folder_ / "raw/softmotion30_44k/train/traj_256_to_511.tfrecords"))
      << "nothing is taken away";
}

TEST_F(BairData, IncompleteArchivesAreRefused) {
  fs::remove(folder_ / "raw/softmotion30_44k/train/traj_256_to_511.tfrecords");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_bair_data(options()); }), "traj_256_to_511.tfrecords");
  fs::remove_all(folder_ / "raw/softmotion30_44k/test");
  SetUp();
  fs::remove_all(folder_ / "raw/softmotion30_44k/test");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_bair_data(options()); }), "test: is not there");
  fs::remove_all(folder_ / "raw/softmotion30_44k");
  EXPECT_CONTAINS(message_of<DataError>([&] { make_bair_data(options()); }), "there is no train in it");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace savp
