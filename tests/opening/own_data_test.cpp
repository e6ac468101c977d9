// Folders of videos, frames and arrays, read as data sets.
#include "support/own_data.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "io/gif.h"
#include "io/image.h"
#include "making/cache_listing.h"
#include "making/verification.h"
#include "making/video_data.h"
#include "support/without_rights.h"
#include "support/written_arrays.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// The first pixel of each frame of each sequence of a split.
std::vector<std::vector<int>> levels(const Dataset& data) {
  std::vector<std::vector<int>> all;
  const auto stream = data.batches({.batch_size = 1, .num_epochs = 1});
  while (auto batch = stream->next()) {
    auto& sequence = all.emplace_back();
    for (int64_t t = 0; t < batch->images.size(0); ++t)
      sequence.push_back(static_cast<int>(std::lround(batch->images[t][0][0][0][0].item<float>() * 255)));
  }
  std::sort(all.begin(), all.end());
  return all;
}

// Frame t of sequence n has the level 40 n + t.
std::string leveled(int64_t sequences, int64_t frames, int64_t values, bool frames_first) {
  std::string bytes;
  for (int64_t i = 0; i < sequences * frames; ++i) {
    const auto n = frames_first ? i % sequences : i / frames, t = frames_first ? i / sequences : i % frames;
    bytes += std::string(static_cast<size_t>(values), static_cast<char>(40 * n + t));
  }
  return bytes;
}

class OwnData : public OwnDataTest {
 protected:
  void write_gifs(int count, int frames = 14, int64_t height = 16, int64_t width = 24) const {
    for (int i = 0; i < count; ++i)
      write_gif(folder_ / concat("in/", i, ".gif"), uniform_frames(height, width, frames, 20 * i), 10);
  }
  std::unique_ptr<Dataset> open(const std::string& mode, const std::string& hparams = "") const {
    const auto input = (folder_ / "in").string();
    EXPECT_EQ(infer_dataset(input, mode), "video");
    return open_dataset("video", input, mode, {}, hparams);
  }
  std::string refusal(const std::string& hparams = "") const {
    return message_of<Error>([&] { open_dataset("video", (folder_ / "in").string(), "train", {}, hparams); });
  }
  // images [N, T, H, W, C] of bytes that count up, and of the same as float.
  static std::string counting(int64_t values) {
    std::string bytes(static_cast<size_t>(values), '\0');
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 % 251);
    return bytes;
  }
  static std::string as_floats(const std::string& bytes, double scale = 255) {
    std::vector<float> values;
    for (const unsigned char byte : bytes) values.push_back(static_cast<float>(byte / scale));
    return bytes_of(values);
  }
};

TEST_F(OwnData, VideosAreReadAsTheyAre) {
  write_gifs(10);
  const auto data = open("test");
  const auto shape = data->shape();
  EXPECT_EQ(std::vector({shape.channels, shape.height, shape.width}), (std::vector<int64_t>{3, 16, 24}));
  EXPECT_EQ(data->num_examples_per_epoch(), 1);
  const auto all = batches(*data);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].images.sizes(), (std::vector<int64_t>{12, 1, 3, 16, 24}));
  const auto steps = all[0].images.diff(1, 0) * 255;
  EXPECT_LT((steps - 1).abs().max().item<float>(), 0.1F) << "each frame is one level brighter";
}

TEST_F(OwnData, TheSplitIsThatOfThePreparation) {
  write_gifs(20);
  VideoDataOptions options;
  options.input_dir = (folder_ / "in").string();
  options.output_dir = (folder_ / "prepared").string();
  options.size = "0";
  make_video_data(options);
  for (const char* mode : {"train", "val", "test"}) {
    const auto direct = open(mode, "time_shift=0");
    const auto prepared = open_dataset("video", options.output_dir, mode, {}, "time_shift=0");
    ASSERT_EQ(direct->files().size(), prepared->files().size());
    for (size_t i = 0; i < direct->files().size(); ++i)
      EXPECT_EQ(read(direct->files()[i]), read(prepared->files()[i])) << mode;
  }
}

TEST_F(OwnData, FoldersTrainValAndTestAreTheSplit) {
  for (const auto& [name, level] :
       {std::pair{"train/a", 10}, {"train/deep/b", 20}, {"val/c", 30}, {"test/d", 40}})
    write_gif(folder_ / "in" / concat(name, ".gif"), uniform_frames(16, 16, 12, level), 10);
  EXPECT_EQ(open("train")->num_examples_per_epoch(), 2);
  EXPECT_NEAR(batches(*open("val"))[0].images[0].mean().item<float>() * 255, 30, 1);
  EXPECT_NEAR(batches(*open("test"))[0].images[0].mean().item<float>() * 255, 40, 1);
  const auto alone = open_dataset("video", (folder_ / "in/train").string(), "train");
  EXPECT_EQ(alone->num_examples_per_epoch(), 2) << "all of a folder train is to train with";
  EXPECT_CONTAINS(
      message_of<DataError>([&] { open_dataset("video", (folder_ / "in/train").string(), "val"); }),
      "nothing in it is for val");
}

TEST_F(OwnData, FrameSizeAndFpsAreChosenWhenReading) {
  write_gifs(3, 24);
  const auto data = open("train", "frame_size=[8,16],fps=5,sequence_length=6,context_frames=2");
  EXPECT_EQ(batches(*data)[0].images.sizes(), (std::vector<int64_t>{6, 1, 3, 8, 16}));
  EXPECT_NEAR(batches(*data)[0].images.diff(1, 0).mean().item<float>() * 255, 2, 0.1) << "every second frame";
  EXPECT_EQ(data->view().get("frame_size"), (Json{8, 16}));
  EXPECT_CONTAINS(refusal("frame_size=[8,0]"), "both height and width");
  EXPECT_CONTAINS(refusal("frame_size=[8]"), "must be a list of 2");
}

TEST_F(OwnData, LargeVideosNeedAFrameSize) {
  write_gif(folder_ / "in/large.gif", uniform_frames(180, 320, 12, 0), 10);
  EXPECT_CONTAINS(refusal(), "large.gif: its frames are 180x320");
  EXPECT_CONTAINS(refusal(), "frame_size=[64,112]");
  EXPECT_EQ(open("train", "frame_size=[180,320]")->shape().width, 320) << "unless it is meant";
}

TEST_F(OwnData, LongerSequencesThanClipsAreThere) {
  write_gifs(3, 100);
  EXPECT_EQ(batches(*open("train", "sequence_length=90"))[0].images.size(0), 90);
}

TEST_F(OwnData, TheCacheIsUsedUntilSomethingChanges) {
  write_gifs(3);
  const auto file = open("train")->files()[0];
  const auto first = fs::last_write_time(file);
  EXPECT_EQ(open("train")->files()[0], file);
  EXPECT_EQ(fs::last_write_time(file), first) << "read once";
  write_gif(folder_ / "in/0.gif", uniform_frames(16, 24, 20, 99), 10);
  write_gif(folder_ / "in/1.gif", uniform_frames(16, 24, 20, 99), 10);
  write_gif(folder_ / "in/2.gif", uniform_frames(16, 24, 20, 99), 10);
  EXPECT_NEAR(batches(*open("train", "time_shift=0"))[0].images[0].mean().item<float>() * 255, 99, 1)
      << "anew";
  EXPECT_EQ(open("train")->files()[0], file) << "in the same place";
  VerifyOptions options;
  options.input_dir = fs::path(file).parent_path().parent_path().string();
  verify_data(options);
}

// Whatever is done to a file or a record, it is noticed.
TEST_F(OwnData, TheCacheNoticesWhatIsReplacedOrRemoved) {
  write_gifs(3);
  const auto file = fs::path(open("train")->files()[0]);
  const auto sound = [&] { return open("train", "time_shift=0")->num_examples_per_epoch(); };
  const auto whole = read(file);
  const auto time = fs::last_write_time(file);
  fs::remove(file);
  EXPECT_EQ(sound(), 1) << "a record that was removed";
  write(file.lexically_relative(folder_).string(), std::string(whole.size(), 'x'));
  fs::last_write_time(file, time);
  EXPECT_EQ(sound(), 1) << "a record that was replaced";
  EXPECT_EQ(read(file), whole);
  // A video of the same size and time.
  const auto video = folder_ / "in/0.gif";
  const auto made = fs::last_write_time(video);
  for (int i = 0; i < 3; ++i) {
    const auto one = folder_ / concat("in/", i, ".gif");
    const auto before = fs::file_size(one);
    write_gif(one, uniform_frames(16, 24, 14, 20 * i + 100), 10);
    EXPECT_EQ(fs::file_size(one), before);
    fs::last_write_time(one, made);
  }
  EXPECT_GE(levels(*open("train", "time_shift=0"))[0][0], 95);
}

// What another version has read may be read differently now.
TEST_F(OwnData, TheCacheOfAnotherVersionIsReadAnew) {
  write_gifs(3);
  const auto entry = fs::path(open("train")->files()[0]).parent_path().parent_path();
  auto manifest = Json::parse(read(entry / "dataset.json"));
  EXPECT_EQ(manifest["source"]["folder"], (folder_ / "in").string());
  const auto version = std::exchange(manifest["version"], "0.0.1");
  write((entry / "dataset.json").lexically_relative(folder_).string(), manifest.dump());
  EXPECT_EQ(open("train")->num_examples_per_epoch(), 1);
  EXPECT_EQ(Json::parse(read(entry / "dataset.json"))["version"], version);
}

TEST_F(OwnData, LeftoversOfKilledProgramsAreRemoved) {
  write_gifs(3);
  const auto entry = fs::path(open("train")->files()[0]).parent_path().parent_path();
  const auto orphan = concat("cache/.", entry.filename().string(), ".partial-1");
  write(orphan + "/clips/0.tfrecords", "x");
  write("cache/.gone-1234.partial-1/dataset.json", "x");
  write("cache/.gone-1234.replaced/dataset.json", "x");
  write("cache/.gone-1234.lock", "{\"pid\": 1}");
  write_gif(folder_ / "in/3.gif", uniform_frames(16, 24, 14, 7), 10);
  open("train");
  EXPECT_FALSE(fs::exists(folder_ / orphan));
  for (const auto& left : fs::directory_iterator(folder_ / "cache"))
    EXPECT_EQ(left.path().filename().string().find("gone"), std::string::npos) << left.path();
}

// A training reads its records for days.
TEST_F(OwnData, WhatAnotherProgramReadsStaysInTheCache) {
  write_gifs(3);
  const auto file = open("train")->files()[0];
  const auto entry = fs::path(file).parent_path().parent_path();
  const auto records = read(file);
  const int reader = ::open((entry / "dataset.json").c_str(), O_RDONLY);
  ASSERT_EQ(::flock(reader, LOCK_SH), 0);
  write_gif(folder_ / "in/0.gif", uniform_frames(16, 24, 14, 99), 10);
  write_gif(folder_ / "in/1.gif", uniform_frames(16, 24, 14, 99), 10);
  write_gif(folder_ / "in/2.gif", uniform_frames(16, 24, 14, 99), 10);
  const auto changed = open("train", "time_shift=0");
  EXPECT_GE(levels(*changed)[0][0], 95);
  EXPECT_NE(changed->files()[0], file);
  const auto clear = [] {
    testing::internal::CaptureStdout();
    CacheOptions options;
    options.clear = true;
    show_cache(options);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_CONTAINS(clear(), "(its videos have changed)\n    is in use, kept");
  EXPECT_EQ(read(file), records);
  ::close(reader);
  clear();
  EXPECT_FALSE(fs::exists(entry));
}

// What lies in the cache is made anew, whatever it is, and can be listed and cleared.
TEST_F(OwnData, ManifestsOfTheCacheMayHoldAnything) {
  write_gifs(3);
  const auto manifest = fs::path(open("train")->files()[0]).parent_path().parent_path() / "dataset.json";
  const auto whole = Json::parse(read(manifest));
  const auto with = [&](const char* key, const Json& value) {
    auto changed = whole;
    changed[key] = value;
    return changed.dump();
  };
  const Json odd[] = {nullptr, 3, "x", 1e300, Json::array({1}), {{"path", 3}, {"folder", 4}}};
  std::vector<std::string> manifests = {"",
                                        "{",
                                        "[]",
                                        "3",
                                        std::string(1 << 20, '['),
                                        R"({"source": {}, "sequences": {"a": 18446744073709551615}})"};
  for (const char* key : {"files", "left_out", "sequences", "source", "version"})
    for (const auto& value : odd) manifests.push_back(with(key, value));
  manifests.push_back(with("files", Json::array({3, {{"path", 3}, {"bytes", "x"}}})));
  for (const auto& text : manifests) {
    std::ofstream(manifest, std::ios::binary) << text;
    testing::internal::CaptureStdout();
    EXPECT_NO_THROW(show_cache({})) << text.substr(0, 200);
    testing::internal::GetCapturedStdout();
    EXPECT_NO_THROW(open("train")) << text.substr(0, 200);
  }
}

TEST_F(OwnData, ALockedCacheIsWaitedForWithALimit) {
  write_gifs(3);
  const auto entry = fs::path(open("train")->files()[0]).parent_path().parent_path();
  const int descriptor = ::open((entry.string() + ".lock").c_str(), O_RDWR | O_CREAT, 0666);
  ASSERT_EQ(::flock(descriptor, LOCK_EX), 0);
  ::setenv("SAVP_CACHE_WAIT", "0.3", 1);
  testing::internal::CaptureStderr();
  EXPECT_CONTAINS(refusal(), ".lock: is locked by another program");
  EXPECT_CONTAINS(testing::internal::GetCapturedStderr(),
                  "waiting for another program that reads the same videos");
  const std::string name = R"({"program": "savp_train", "pid": 17, "host": "gpu3"})";
  ASSERT_EQ(::pwrite(descriptor, name.data(), name.size(), 0), static_cast<ssize_t>(name.size()));
  testing::internal::CaptureStderr();
  EXPECT_CONTAINS(refusal(), ".lock: is locked by savp_train (process 17 on gpu3)");
  EXPECT_CONTAINS(testing::internal::GetCapturedStderr(),
                  "waiting for savp_train (process 17 on gpu3), which reads the same videos");
  ::unsetenv("SAVP_CACHE_WAIT");
  ::close(descriptor);
  EXPECT_EQ(open("train")->num_examples_per_epoch(), 1);
}

TEST_F(OwnData, ArraysOfBytes) {
  const auto bytes = counting(int64_t{2} * 13 * 8 * 10 * 3);
  write("in/a.npy", npy("|u1", {2, 13, 8, 10, 3}, bytes));
  const auto data = open("train", "time_shift=0");
  EXPECT_EQ(data->num_examples_per_epoch(), 1) << "the other sequence is to test with";
  const auto images = batches(*data)[0].images;  // [T, 1, C, H, W]
  ASSERT_EQ(images.sizes(), (std::vector<int64_t>{12, 1, 3, 8, 10}));
  for (int64_t t : {0, 5, 11})
    for (int64_t c = 0; c < 3; ++c)
      EXPECT_EQ(
          images[t][0][c][7][9].item<float>(),
          static_cast<uint8_t>(bytes[static_cast<size_t>(((t * 8 + 7) * 10 + 9) * 3 + c)]) * (1.0F / 255.0F));
}

TEST_F(OwnData, FloatArraysKeepTheirValues) {
  const auto bytes = counting(int64_t{3} * 12 * 8 * 8);
  write_npz(folder_ / "in/a.npz", {{"images", npy("<f4", {3, 12, 8, 8, 1}, as_floats(bytes, 1000))}});
  const auto data = open("train", "time_shift=0");
  EXPECT_EQ(data->shape().channels, 1);
  const auto images = batches(*data)[0].images;
  for (int64_t i : {0, 1, 700})
    EXPECT_EQ(images.flatten()[i].item<float>(),
              static_cast<float>(static_cast<uint8_t>(bytes[static_cast<size_t>(i)]) / 1000.0));
  EXPECT_EQ(open("train", "crop_size=4")->shape().height, 4);
}

TEST_F(OwnData, ArraysMayComeWithActionsAndStates) {
  const auto images = npy("|u1", {3, 12, 8, 8, 3}, counting(int64_t{3} * 12 * 8 * 8 * 3));
  std::vector<float> states, actions;
  for (int i = 0; i < 3 * 12 * 2; ++i) states.push_back(static_cast<float>(i));
  for (int i = 0; i < 3 * 12 * 4; ++i) actions.push_back(static_cast<float>(-i));
  write_npz(folder_ / "in/a.npz", {{"images", images},
                                   {"states", npy("<f4", {3, 12, 2}, bytes_of(states))},
                                   {"actions", npy("<f4", {3, 12, 4}, bytes_of(actions))}});
  EXPECT_EQ(open("train")->shape().actions, 0) << "only with use_state";
  const auto data = open("train", "use_state=true,frame_skip=1,sequence_length=6,time_shift=0");
  EXPECT_EQ(data->shape().states, 2);
  EXPECT_EQ(data->shape().actions, 8) << "those of skipped frames, too";
  const auto batch = batches(*data)[0];
  EXPECT_EQ(batch.states.sizes(), (std::vector<int64_t>{6, 1, 2}));
  EXPECT_EQ(batch.states[1][0][1].item<float>(), 5) << "frame 2";
  EXPECT_EQ(batch.actions[1][0][7].item<float>(), -15) << "frame 3";
  // As many actions as steps between frames do as well.
  write_npz(folder_ / "in/a.npz",
            {{"images", images}, {"actions", npy("<f4", {3, 11, 4}, bytes_of(std::vector<float>(132, 1)))}});
  EXPECT_EQ(open("train", "use_state=true")->shape().actions, 4);
  write_gif(folder_ / "in/b.gif", uniform_frames(8, 8, 12, 0), 10);
  EXPECT_CONTAINS(refusal(), "all must be alike");
}

TEST_F(OwnData, UseStateNeedsStates) {
  write_gifs(3);
  EXPECT_CONTAINS(refusal("use_state=true"), "use_state must be false");
}

TEST_F(OwnData, BadArraysAreNamedAndLeaveNothing) {
  const auto images = counting(int64_t{12} * 8 * 8 * 3);
  const auto good = npy("|u1", {1, 12, 8, 8, 3}, images);
  const std::pair<std::vector<std::pair<std::string, std::string>>, const char*> cases[] = {
      {{{"images", npy("|u1", {12, 192}, images)}},
       "array images: has the shape [12, 192]: frames are needed"},
      {{{"images", npy("|u1", {1, 12, 8, 4, 6}, images)}}, "must hold 1 channel (gray) or 3"},
      {{{"images", npy("|u1", {0, 12, 8, 8, 3}, "")}}, "which holds nothing"},
      {{{"images", npy("<i2", {1, 12, 8, 4, 3}, images)}}, "holds int16: frames must be uint8, or float32"},
      {{{"images", npy("<f4", {1, 12, 8, 8, 3}, as_floats(images, 1))}},
       "sequence 0, frame 0: the value 7 is not from 0 to 1"},
      {{{"images", npy("<f4", {1, 3, 8, 8, 1}, std::string(768, '\xff'))}},
       "the value -nan is not from 0 to 1"},
      {{{"images", good}, {"actions", npy("<f4", {1, 10, 4}, std::string(160, '\0'))}},
       "array actions: has the shape [1, 10, 4], but [1, 12 or 11, numbers]"},
      {{{"images", good}, {"states", npy("<f4", {1, 11, 2}, std::string(88, '\0'))}},
       "array states: has the shape [1, 11, 2]"},
      {{{"images", good}, {"states", npy("<f4", {1, 12, 1}, std::string(48, '\xff'))}},
       "a.npz: states holds the value -nan (number 0), which is not finite"},
      {{{"frames", good}, {"masks", good}},
       "holds no array images, and it is not clear which one holds the frames: frames [1, 12, 8, 8, 3] "
       "of uint8"},
  };
  for (const auto& [arrays, said] : cases) {
    write_npz(folder_ / "in/a.npz", arrays);
    EXPECT_CONTAINS(refusal("sequence_length=3"), said);
    EXPECT_CONTAINS(refusal("sequence_length=3"), "a.npz");
  }
  for (const auto& name : scratch_.names())
    EXPECT_TRUE(name == "in/a.npz" || name.ends_with(".lock")) << name;
}

TEST_F(OwnData, ArraysOfManyShapes) {
  const auto expected = [](int64_t sequences) {
    std::vector<std::vector<int>> all;
    for (int n = 0; n < sequences; ++n) all.push_back({40 * n, 40 * n + 1, 40 * n + 2});
    return all;
  };
  const std::string hparams = "sequence_length=3,context_frames=1,time_shift=0";
  const auto of_all = [&](const std::string& more = "") {
    std::vector<std::vector<int>> all;
    for (const char* mode : {"train", "val", "test"}) {
      const auto some = levels(*open(mode, hparams + more));
      all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    return all;
  };
  struct Case {
    std::vector<int64_t> shape;
    bool frames_first;
    std::string hparams;
  };
  const Case cases[] = {
      {{3, 4, 9, 8, 3}, false, ""},
      {{3, 4, 3, 9, 8}, false, ""},
      {{3, 4, 9, 8}, false, ""},
      {{4, 5, 9, 8}, true, ""},  // as Moving MNIST's test file
      {{4, 3, 9, 8}, true, ",array_axes=tnhw"},
      {{4, 3, 9, 8, 1}, true, ",array_axes=TNHWC"},
  };
  for (const auto& [shape, frames_first, more] : cases) {
    int64_t values = 1;
    for (size_t i = 2; i < shape.size(); ++i) values *= shape[i];
    const auto sequences = shape[frames_first ? 1 : 0];
    const auto array = npy("|u1", shape, leveled(sequences, 4, values, frames_first));
    write("in/a.NPY", array);
    EXPECT_EQ(of_all(more), expected(sequences)) << testing::PrintToString(shape);
    fs::remove(folder_ / "in/a.NPY");
    write_npz(folder_ / "in/a.npz", {{"clips", array}});
    EXPECT_EQ(of_all(more), expected(sequences)) << testing::PrintToString(shape) << " in an archive";
    fs::remove(folder_ / "in/a.npz");
  }
  write("in/a.npy", npy("|u1", {4, 3, 8, 8}, std::string(768, 'x')));
  EXPECT_CONTAINS(refusal(), "cannot be told: say array_axes=TCHW");
  write("in/a.npy", npy("|u1", {3, 4, 8, 8}, std::string(768, 'x')));
  EXPECT_CONTAINS(refusal(), "cannot be told: say array_axes=NTHW");
  EXPECT_CONTAINS(refusal("array_axes=XY"), "array_axes=XY: must be one of NTHWC");
}

TEST_F(OwnData, EpisodesInFilesOfTheirOwn) {
  for (int i = 0; i < 3; ++i) {
    const auto frames = leveled(1, 12, 64, false);
    std::string shifted;
    for (const char level : frames) shifted += static_cast<char>(level + 40 * i);
    const std::vector<float> actions(12 * 4, static_cast<float>(i));
    if (i == 0)
      write_npz(folder_ / "in/0.npz", {{"frames", npy("|u1", {12, 8, 8}, shifted)},
                                       {"action", npy("<f4", {12, 4}, bytes_of(actions))}});
    else
      write_npz(folder_ / concat("in/", i, ".npz"),
                {{"frames", npy("|u1", {12, 8, 8, 1}, shifted)},
                 {"action", npy("<f4", {11, 4}, bytes_of(std::vector<float>(44)))}});
  }
  const auto data = open("train", "use_state=true");
  EXPECT_EQ(data->shape().actions, 4);
  EXPECT_EQ(data->num_examples_per_epoch(), 1) << "a file each for train, val and test";
}

TEST_F(OwnData, TheArrayOfFramesCanBeNamed) {
  const auto array = npy("|u1", {3, 12, 8, 8, 3}, leveled(3, 12, 192, false));
  write_npz(folder_ / "in/a.npz", {{"left", array}, {"right", array}});
  EXPECT_CONTAINS(refusal(),
                  "left [3, 12, 8, 8, 3] of uint8 and right [3, 12, 8, 8, 3] of uint8; name it with");
  EXPECT_CONTAINS(refusal("image_key=middle"), "holds no array middle; there are left");
  EXPECT_EQ(open("train", "image_key=right")->num_examples_per_epoch(), 1);
  const auto alone = open_dataset("video", (folder_ / "in/a.npz").string(), "train", {}, "image_key=right");
  EXPECT_EQ(alone->num_examples_per_epoch(), 1) << "a single file as the input";
}

TEST_F(OwnData, TruncatedArraysAreRefusedAtEveryByte) {
  write_npz(folder_ / "whole.npz", {{"images", npy("|u1", {1, 2, 2, 2, 1}, "12345678")}});
  const auto whole = read(folder_ / "whole.npz");
  for (size_t length = 0; length < whole.size(); ++length) {
    write("in/a.npz", whole.substr(0, length));
    EXPECT_CONTAINS(refusal("sequence_length=2,context_frames=1"), "a.npz") << length;
  }
}

TEST_F(OwnData, BadVideosAreNamed) {
  write_gifs(3);
  write("in/empty.mp4", "");
  EXPECT_CONTAINS(refusal(), "empty.mp4: is an empty file, not a video");
  write("in/empty.mp4", "some text in spite of the name");
  EXPECT_CONTAINS(refusal(), "empty.mp4: is not a video, or a damaged one");
  fs::remove(folder_ / "in/empty.mp4");
  write("in/notes.txt", "beside the videos");
  write_gif(folder_ / "in/short.gif", uniform_frames(16, 24, 1, 0), 10);
  EXPECT_EQ(open("train")->num_examples_per_epoch(), 1) << "a note and a video of one frame are left out";
  write_gif(folder_ / "in/other.gif", uniform_frames(24, 16, 14, 0), 10);
  EXPECT_CONTAINS(refusal(), "other.gif: holds frames of 24x16x3, but 0.gif of 16x24x3");
  EXPECT_EQ(open("train", "frame_size=[16,16]")->shape().width, 16);
  const auto whole = read(folder_ / "in/0.gif");
  write("in/0.gif", whole.substr(0, whole.size() / 2));
  EXPECT_CONTAINS(refusal(), "0.gif: ");
}

TEST_F(OwnData, WhatMayNotBeReadIsNamed) {
  fs::permissions(folder_, fs::perms::all);  // the cache is made in it
  const auto refusal_of = [&](const std::string& name) {
    const auto path = folder_ / "in" / name;
    fs::permissions(path, fs::perms::none);
    const auto said = without_rights([&] { return refusal(); });
    fs::remove_all(folder_ / "in");
    return said;
  };
  write_gifs(3);
  EXPECT_CONTAINS(refusal_of("1.gif"), "1.gif: cannot be opened: Permission denied");
  write_npz(folder_ / "in/a.npz", {{"images", npy("|u1", {1, 2, 2, 2, 1}, "12345678")}});
  EXPECT_CONTAINS(refusal_of("a.npz"), "a.npz: cannot be opened (Permission denied)");
  for (int t = 0; t < 3; ++t)
    write_png(folder_ / concat("in/walk/", t, ".png"), uniform_frames(8, 8, 1, t).front());
  EXPECT_CONTAINS(refusal_of("walk/1.png"), "1.png: cannot be opened (Permission denied)");
  write_gifs(3);
  EXPECT_CONTAINS(refusal_of(""), "in: ");
}

// Whatever is wrong with them; each is named, every time.
TEST_F(OwnData, DamagedFilesAreLeftOutOnRequest) {
  fs::permissions(folder_, fs::perms::all);  // the cache is made in it
  write_gifs(5);
  write("in/fake.mp4", "some text in spite of the name");
  write("in/cut.gif", read("in/0.gif").substr(0, 100));
  write("in/cut.npz", "PK");
  write_gif(folder_ / "in/locked/5.gif", uniform_frames(16, 24, 14, 0), 10);
  for (const char* name : {"in/1.gif", "in/locked"}) fs::permissions(folder_ / name, fs::perms::none);
  const auto open = [&] {
    testing::internal::CaptureStderr();
    auto said = without_rights([&] {
      const auto sequences = [&](const char* mode) {
        return open_dataset("video", (folder_ / "in").string(), mode, {}, "", /*skip_bad_records=*/true)
            ->num_examples_per_epoch();
      };
      return concat(sequences("train"), " ", sequences("val"), " ", sequences("test"), "\n");
    });
    return said + testing::internal::GetCapturedStderr();
  };
  EXPECT_CONTAINS(without_rights([&] { return refusal(); }), "--skip_bad_records");
  const auto first = open();
  EXPECT_CONTAINS(first, "2 1 1\n");
  for (const char* complaint :
       {"left out, ", "1.gif: cannot be opened: Permission denied",
        "locked: cannot be read (Permission denied)", "fake.mp4: is not a video, or a damaged one",
        "cut.gif: ", "cut.npz: ", "5 of the files were left out"})
    EXPECT_CONTAINS(first, complaint);
  const auto again = open();
  EXPECT_CONTAINS(again, "2 1 1\n");
  EXPECT_CONTAINS(again, "5 of the files in ");
  EXPECT_CONTAINS(without_rights([&] { return refusal(); }), "--skip_bad_records") << "the other way's cache";
  fs::permissions(folder_ / "in/1.gif", fs::perms::all);
  EXPECT_CONTAINS(open(), "3 1 1\n") << "what may be read now is read";
  fs::permissions(folder_ / "in/locked", fs::perms::all);
  EXPECT_CONTAINS(open(), "4 1 1\n");
}

TEST_F(OwnData, OnlyShortVideosAreAnError) {
  write_gifs(3, 1);
  EXPECT_CONTAINS(refusal(), "none of 3 files can be used");
  EXPECT_CONTAINS(refusal(), "too short: 1 frame of at least 12");
}

TEST_F(OwnData, OtherDataSetsHaveNoVideos) {
  write_gifs(1);
  EXPECT_CONTAINS(message_of<DataError>([&] { open_dataset("bair", (folder_ / "in").string(), "train"); }),
                  "those are --dataset video");
}

TEST_F(OwnData, FoldersOfOtherThings) {
  fs::create_directories(folder_ / "in");
  EXPECT_CONTAINS(message_of<DataError>([&] { infer_dataset((folder_ / "in").string(), "train"); }),
                  "no record files");
  write("in/notes.txt", "text");
  EXPECT_CONTAINS(refusal(), "in: no record files");
  EXPECT_CONTAINS(message_of<DataError>([&] { infer_dataset((folder_ / "none").string(), "train"); }),
                  "no such folder");
}

}  // namespace
}  // namespace savp
