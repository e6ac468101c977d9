// One's own data from the command line: read directly by all tools, prepared, verified and looked at.
#include <cstdlib>
#include <sstream>

#include "core/hparams.h"
#include "io/gif.h"
#include "io/image.h"
#include "support/scratch_test.h"
#include "support/written_arrays.h"
#include "tools/process.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSmall = "batch_size=2,ngf=4,nef=4,ndf=4,nz=2,clip_length=4,max_steps=2";

class OwnDataTools : public ScratchTest {
 protected:
  void SetUp() override { ::setenv("SAVP_CACHE_DIR", (folder_ / "cache").c_str(), 1); }
  void TearDown() override { ::unsetenv("SAVP_CACHE_DIR"); }

  static std::string run(const std::string& tool, int code, const std::vector<std::string>& arguments) {
    const auto outcome = run_tool(tool, arguments);
    EXPECT_EQ(outcome.code, code) << tool << ": " << outcome.err;
    return outcome.err + outcome.out;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // A bright square that moves over a dark ground.
  static Picture frame(int64_t height, int64_t width, int64_t clip, int64_t t) {
    Picture picture{height, width, 3, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), 32)};
    for (int64_t y = 8; y < 16; ++y)
      for (int64_t x = 0; x < 8; ++x)
        picture.pixels[static_cast<size_t>((y * width + (x + 3 * clip + 2 * t) % width) * 3)] = 200;
    return picture;
  }
  void write_gifs(const std::string& folder, int64_t height, int64_t width) const {
    for (int64_t i = 0; i < 6; ++i) {
      std::vector<Picture> clip;
      for (int64_t t = 0; t < 14; ++t) clip.push_back(frame(height, width, i, t));
      write_gif(folder_ / folder / concat(i, ".gif"), clip, 10);
    }
  }
  void write_arrays(const std::string& folder, int64_t height, int64_t width) const {
    for (int64_t file = 0; file < 3; ++file) {
      std::string images;
      for (int64_t i = 0; i < int64_t{4} * 12; ++i) {
        const auto picture = frame(height, width, file * 4 + i / 12, i % 12);
        images.append(picture.pixels.begin(), picture.pixels.end());
      }
      write_npz(
          folder_ / folder / concat(file, ".npz"),
          {{"images", npy("|u1", {4, 12, height, width, 3}, images)},
           {"actions", npy("<f4", {4, 12, 2}, bytes_of(std::vector<float>(size_t{4} * 12 * 2, 0.5F)))},
           {"states", npy("<f8", {4, 12, 3}, bytes_of(std::vector<double>(size_t{4} * 12 * 3, 0.25)))}});
    }
  }
  // Train, generate and evaluate on a folder.
  void use(const std::string& data, const std::string& dataset_hparams) const {
    const auto run_folder = path("run-" + data);
    const auto said =
        run("savp_train", 0,
            {"--input_dir", path(data), "--output_dir", run_folder, "--dataset_hparams", dataset_hparams,
             "--model_hparams", kSmall, "--seed", "1", "--summary_freq", "1", "--eval_samples", "2"});
    EXPECT_CONTAINS(said, "looks like the data set video");
    EXPECT_CONTAINS(said, "reading ");
    const auto later = run("savp_generate", 0,
                           {"--input_dir", path(data), "--checkpoint", run_folder, "--mode", "test",
                            "--results_dir", path("results-" + data), "--num_stochastic_samples", "2"});
    EXPECT_EQ(later.find("reading "), std::string::npos) << "read once";
    EXPECT_CONTAINS(run("savp_evaluate", 0,
                        {"--input_dir", path(data), "--checkpoint", run_folder, "--mode", "val",
                         "--results_dir", path("scores-" + data), "--num_stochastic_samples", "2"}),
                    "psnr");
    EXPECT_TRUE(fs::exists(folder_ / ("results-" + data) / ("run-" + data) / "gen_image_00000_00.gif"));
  }
};

TEST_F(OwnDataTools, VideosThatAreNotSquare) {
  write_gifs("videos", 32, 48);
  use("videos", "sequence_length=6");
  run("savp_generate", 0,
      {"--checkpoint", path("run-videos"), "--input_video", path("videos/0.gif"), "--results_dir",
       path("continued"), "--num_stochastic_samples", "2"});
  EXPECT_TRUE(fs::exists(folder_ / "continued/run-videos/gen_image_00000_01.gif"));
}

TEST_F(OwnDataTools, ArraysWithActionsAndStates) {
  write_arrays("arrays", 32, 40);
  use("arrays", "sequence_length=6,use_state=true");
}

TEST_F(OwnDataTools, FoldersOfFrames) {
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t t = 0; t < 12; ++t)
      write_png(folder_ / "frames" / concat("clip", i) / concat(t, ".png"), frame(32, 32, i, t));
  use("frames", "sequence_length=6");
}

// Files may grow to so many blocks of 512 bytes: as on a full disk.
TEST_F(OwnDataTools, AFullDiskIsNoDamageOfVideos) {
  write_gifs("videos", 32, 48);
  std::vector<Picture> many;
  for (int64_t t = 0; t < 300; ++t) many.push_back(frame(32, 48, 9, t));
  write_gif(folder_ / "videos/long.gif", many, 10);
  const auto command = [&](const std::string& limit, const std::string& rest) {
    const auto line = concat("trap '' XFSZ; ", limit, "'" SAVP_BIN "/savp_preprocess' ", rest, " >'",
                             path("said"), "' 2>&1");
    return WEXITSTATUS(std::system(line.c_str()));
  };
  const auto videos = concat("videos --skip_bad_videos --size 0 --input_dir '", path("videos"),
                             "' --output_dir '", path("made"), "' --clip_length 300");
  EXPECT_EQ(command("ulimit -f 600; ", videos), 4) << read(folder_ / "said");
  EXPECT_CONTAINS(read(folder_ / "said"), "cannot be written (File too large)");
  EXPECT_FALSE(fs::exists(folder_ / "made"));
  EXPECT_EQ(command("", videos), 0) << read(folder_ / "said");
  const auto train = Json::parse(read(folder_ / "made/dataset.json"))["sequences"];
  EXPECT_EQ(train["train"].get<int>() + train["val"].get<int>() + train["test"].get<int>(), 7)
      << "nothing is left out";
}

TEST_F(OwnDataTools, TheCacheIsListedAndCleared) {
  write_gifs("videos", 16, 24);
  run("savp_preprocess", 0, {"inspect", "--input_dir", path("videos"), "--output_dir", path("seen")});
  const auto listed = run("savp_preprocess", 0, {"cache"});
  EXPECT_CONTAINS(listed, "1 data set\n");
  EXPECT_CONTAINS(listed, "MB, 6 sequences, version ");
  EXPECT_CONTAINS(listed, ", of " + path("videos"));
  EXPECT_EQ(run("savp_preprocess", 0, {"cache", "--clear_unused"}).find("removed"), std::string::npos);
  EXPECT_CONTAINS(run("savp_preprocess", 0, {"cache", "--clear"}), "removed");
  EXPECT_TRUE(fs::is_empty(folder_ / "cache"));
  EXPECT_CONTAINS(run("savp_preprocess", 0, {"cache"}), "0 data sets");
}

TEST_F(OwnDataTools, TwoProgramsReadTheSameVideosOnce) {
  write_gifs("videos", 32, 48);
  const auto command = [&](int i) {
    return concat("'" SAVP_BIN "/savp_preprocess' inspect --input_dir '", path("videos"), "' --output_dir '",
                  path(concat("seen", i)), "' >'", path(concat("said", i)), "' 2>&1");
  };
  const auto both =
      concat(command(0), " & first=$!; ", command(1), "; second=$?; wait $first && exit $second");
  EXPECT_EQ(std::system(both.c_str()), 0) << read(folder_ / "said0") << read(folder_ / "said1");
  const auto reading = [&](int i) {
    return read(folder_ / concat("said", i)).find("reading ") != std::string::npos;
  };
  EXPECT_NE(reading(0), reading(1)) << "one waits for the other";
  EXPECT_EQ(read(folder_ / "seen0/contact_sheet.png"), read(folder_ / "seen1/contact_sheet.png"));
}

TEST_F(OwnDataTools, PreparedVerifiedAndLookedAt) {
  write_gifs("videos", 32, 48);
  run("savp_preprocess", 0,
      {"videos", "--input_dir", path("videos"), "--output_dir", path("made"), "--size", "16x24"});
  EXPECT_CONTAINS(run("savp_preprocess", 0, {"verify", "--input_dir", path("made")}), "sound");
  const auto seen =
      run("savp_preprocess", 0, {"inspect", "--input_dir", path("made"), "--output_dir", path("seen")});
  EXPECT_CONTAINS(seen, "train: 4 sequences of 12 frames in 1 file, 16x24x3");
  EXPECT_CONTAINS(seen, "val: 1 sequence of");
  EXPECT_CONTAINS(seen, "images/encoded: 14 byte strings of 1152 bytes");
  EXPECT_CONTAINS(seen, "height: 16");
  const auto sheet = read_image(folder_ / "seen/contact_sheet.png");
  EXPECT_EQ(sheet.height, 4 * 16 + 3 * 2);
  EXPECT_EQ(sheet.width, 12 * 24 + 11 * 2);
  EXPECT_TRUE(fs::exists(folder_ / "seen/sequences.gif"));
  const auto direct = run("savp_preprocess", 0,
                          {"inspect", "--input_dir", path("videos"), "--output_dir", path("seen2"),
                           "--dataset_hparams", "frame_size=[8,8]", "--num_samples", "2"});
  EXPECT_CONTAINS(direct, "8x8x3");
  auto bytes = read(folder_ / "made/val/sequence_0_to_0.tfrecords");
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  write("made/val/sequence_0_to_0.tfrecords", bytes);
  const auto found = run("savp_preprocess", 3, {"verify", "--input_dir", path("made")});
  EXPECT_CONTAINS(found, "sequence_0_to_0.tfrecords, record 0 at byte 0");
}

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST_F(OwnDataTools, ReadingIsMeasuredByThreads) {
  write_gifs("videos", 16, 24);
  const auto measure = [&](const std::string& input) {
    return run("savp_preprocess", 0,
               {"bench", "--input_dir", input, "--size", "16", "--threads", "2", "--seconds", "0"});
  };
  for (const auto& [input, stored_as] : {std::pair{path("videos"), "video"}, {std::string(), "gif"}}) {
    const auto lines = lines_of(measure(input));
    ASSERT_EQ(lines.size(), 2);
    for (size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i]["what"], "data");
      EXPECT_EQ(lines[i]["stored_as"], stored_as);
      EXPECT_EQ(lines[i]["size"], 16);
      EXPECT_EQ(lines[i]["threads"], i + 1);
      EXPECT_GT(lines[i]["frames_per_second"], 0);
      EXPECT_GT(lines[i]["megabytes_per_second"], 0);
    }
  }
  fs::create_directories(folder_ / "nothing");
  EXPECT_CONTAINS(run("savp_preprocess", 3, {"bench", "--input_dir", path("nothing")}), "holds no videos");
}

TEST_F(OwnDataTools, ReadingOfEachKindIsMeasured) {
  const auto kinds = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"--what", "data", "--size", "16", "--threads", "1", "--batch_size", "2"});
    std::string all;
    for (const auto& line : lines_of(run("savp_bench", 0, arguments))) {
      all += line.value("stored_as", "") + "/" + line["what"].get<std::string>() + " ";
      EXPECT_GT(line["megabytes_per_second"], 0) << line;
      EXPECT_TRUE(line["instructions"].contains("savp")) << line;
    }
    return all;
  };
  EXPECT_EQ(kinds({}), "raw/data jpeg/data jpeg/libjpeg /memcpy gif/data ");
  write_gifs("videos", 16, 24);
  EXPECT_EQ(kinds({"--input_dir", path("videos")}), "video/data ");
  fs::create_directories(folder_ / "nothing");
  EXPECT_CONTAINS(run("savp_bench", 3, {"--what", "data", "--input_dir", path("nothing")}),
                  "holds no videos");
}

TEST_F(OwnDataTools, AControlStepIsMeasured) {
  const auto lines = lines_of(run(
      "savp_bench", 0,
      {"--what", "latency", "--size", "32", "--model_hparams", "ngf=4,nef=4,nz=2", "--batch_size", "1",
       "--actions", "3", "--plans", "5", "--sequence_length", "4", "--iterations", "3", "--threads", "1"}));
  ASSERT_EQ(lines.size(), 2U);
  for (const auto& line : lines) EXPECT_GE(line["p99_s"], line["median_s"]) << line;
  EXPECT_EQ(lines[1]["plans"], 5);
  EXPECT_EQ(lines[1]["steps"], 2) << "two of the four frames are given";
}

TEST_F(OwnDataTools, WithoutFFmpegTheRestIsMeasured) {
  const auto made = run_tool("light_bench", {"--what", "data", "--size", "16", "--threads", "1"});
  EXPECT_EQ(made.code, 0);
  EXPECT_EQ(lines_of(made.out).back()["what"], "memcpy");
  EXPECT_CONTAINS(made.err, "videos are not measured: this program was built without OpenCV and FFmpeg");
  write_gifs("videos", 16, 24);
  const auto given = run_tool("light_bench", {"--what", "data", "--input_dir", path("videos")});
  EXPECT_EQ(given.code, 2);
  EXPECT_CONTAINS(given.err, "built without OpenCV and FFmpeg");
}

TEST_F(OwnDataTools, WhatCannotBeReadEndsWithItsCode) {
  write_arrays("arrays", 16, 16);
  write("arrays/9.npy", npy("|u1", {12, 2, 16, 16, 6}, std::string(size_t{12} * 2 * 16 * 16 * 6, 'x')));
  const auto said = run("savp_train", 3, {"--input_dir", path("arrays"), "--output_dir", path("run")});
  EXPECT_CONTAINS(said,
                  "9.npy: has the shape [12, 2, 16, 16, 6], read as NTHWC: the axis of channels must hold");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  const auto seen =
      run("savp_preprocess", 3, {"inspect", "--input_dir", path("arrays"), "--output_dir", path("seen")});
  EXPECT_EQ(seen.find("reading "), seen.rfind("reading ")) << "tried once";
  fs::create_directories(folder_ / "nothing");
  for (const char* command : {"videos", "kth", "bair", "verify", "inspect"})
    EXPECT_CONTAINS(run("savp_preprocess", 3, {command, "--input_dir", path("nothing")}), "nothing");
  EXPECT_CONTAINS(run("savp_preprocess", 2, {"kht"}), "did you mean kth?");
}

}  // namespace
}  // namespace savp
