// Episodes in HDF5 files.
#include "io/gif.h"
#include "io/image.h"
#include "support/robot_data.h"
#include "support/written_hdf5.h"

namespace savp {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class Hdf5 : public RobotData {
 protected:
  static constexpr int64_t kFrames = 12;

  fs::path file(const std::string& name = "episode") const { return folder_ / "in" / (name + ".h5"); }
  // What is said of the episode that `write` makes.
  template <class Write>
  std::string said(const Write& write, const std::string& hparams = kWhole) const {
    fs::remove_all(folder_ / "in");
    {
      WrittenHdf5 written(file());
      write(written);
    }
    return refusal(folder_ / "in", hparams);
  }
  // Of levels 10 t; frame 7 may be higher by some pixels.
  static Strings images(int64_t more_height = 0) {
    Strings encoded;
    for (int64_t t = 0; t < kFrames; ++t)
      encoded.push_back(
          encode_png(uniform_frames(t == 7 ? 8 + more_height : 8, 8, 1, static_cast<int>(10 * t)).front()));
    return encoded;
  }
  static std::string pixels(int64_t frames = kFrames) {
    std::string bytes;
    for (int64_t t = 0; t < frames; ++t) bytes += std::string(8 * 8 * 3, static_cast<char>(10 * t));
    return bytes;
  }
  static std::vector<float> counting(int64_t rows = kFrames) {
    std::vector<float> values;
    for (int64_t t = 0; t < rows; ++t) values.push_back(static_cast<float>(t));
    return values;
  }
  // The only sequence of a file alone, which is all for one split.
  Batch only_batch(const std::string& hparams = kWhole) const {
    for (const char* mode : {"train", "val", "test"}) fs::create_directories(folder_ / "split" / mode);
    for (const char* mode : {"train", "val", "test"})
      fs::copy_file(file(), folder_ / "split" / mode / "episode.h5", fs::copy_options::overwrite_existing);
    return batches(*open(folder_ / "split", "train", hparams)).at(0);
  }
  static void expect_levels(const Batch& batch) {
    for (int64_t t = 0; t < kFrames; ++t)
      EXPECT_NEAR(batch.images[t].mean().item<float>() * 255, 10 * t, 0.01) << "frame " << t;
  }
};

TEST_F(Hdf5, Robomimic) {
  expect_all_made_up(made_up("robomimic"), Loss::kNone);
  expect_all_made_up(made_up("robomimic"), Loss::kNone, ",image_key=robot0_eye_in_hand_image",
                     /*inverted=*/true);
  const auto joined =
      open(made_up("robomimic"), "train",
           std::string(kWhole) + ",state_key=robot0_eef_pos+robot0_gripper_qpos,frame_size=[8,8]");
  EXPECT_EQ(joined->shape().width, 8);
  EXPECT_EQ(batches(*joined)[0].states[4][0][2].item<float>(), 7);
  EXPECT_CONTAINS(refusal(made_up("robomimic"), "image_key=wrist"),
                  "data/demo_0: there are no frames wrist (image_key); there are obs/agentview_image "
                  "and obs/robot0_eye_in_hand_image");
  EXPECT_CONTAINS(
      refusal(made_up("robomimic"), "action_key=torque"),
      "data/demo_0: holds no torque (action_key); there are actions [14, 2] of float64, dones [14] of int64");
}

// Listed are episode 2 for train and 1 for valid.
TEST_F(Hdf5, FilesMayDivideTheirEpisodes) {
  const auto episode = [&](const char* mode) {
    const auto all = batches(*open(made_up("masks"), mode));
    EXPECT_EQ(all.size(), 1U);
    return all.front().states[0][0][1].item<float>();
  };
  EXPECT_EQ(episode("train"), 2);
  EXPECT_EQ(episode("val"), 1);
  EXPECT_CONTAINS(message_of<DataError>([&] { open(made_up("masks"), "test"); }),
                  "nothing in it is for test");
}

TEST_F(Hdf5, RoboNet) {
  for (const auto& [kind, loss] : {std::pair{"mp4", Loss::kMovie}, {"jpg", Loss::kJpeg}}) {
    SCOPED_TRACE(kind);
    expect_all_made_up(made_up("robonet") / kind, loss);
    expect_all_made_up(made_up("robonet") / kind, loss, ",image_key=cam1_video", /*inverted=*/true);
  }
}

TEST_F(Hdf5, ListsOfImages) {
  for (const char* kind : {"vlen", "padded"}) {
    SCOPED_TRACE(kind);
    expect_all_made_up(made_up("lists") / kind, Loss::kJpeg, ",state_key=qpos");
  }
}

TEST_F(Hdf5, FramesMayLieInTheRoot) {
  const auto encoded = images();
  {
    WrittenHdf5 written(file());
    for (size_t t = 0; t < encoded.size(); ++t) written.bytes(concat("frame", t), encoded[t]);
    written.floats("actions", {kFrames}, counting());
  }
  expect_levels(only_batch());
  write_gif(folder_ / "movie.gif", uniform_frames(8, 8, kFrames, 0, /*rise=*/10), 10);
  WrittenHdf5(file()).bytes("frames", read(folder_ / "movie.gif")).floats("actions", {kFrames}, counting());
  expect_levels(only_batch());
  EXPECT_CONTAINS(said([&](auto& written) { written.bytes("image_0", encoded[0]); }),
                  concat("there are image_0 [", encoded[0].size(), "] of uint8"));
}

TEST_F(Hdf5, AllFramesAreOfOneSize) {
  const auto encoded = images(/*more_height=*/2);
  for (const char* hparams : {kWhole, "use_state=true,frame_size=[8,8]"}) {
    EXPECT_CONTAINS(
        said([&](auto& written) { written.items("observations/images/top", encoded); }, hparams),
        "episode.h5, observations/images/top: frame 7 is an image of 10x8, those before it of 8x8");
    EXPECT_CONTAINS(said(
                        [&](auto& written) {
                          for (size_t t = 0; t < encoded.size(); ++t)
                            written.bytes(concat("env/cam0_video/frame", t), encoded[t]);
                        },
                        hparams),
                    "episode.h5, env/cam0_video: frame 7 is an image of 10x8");
  }
}

TEST_F(Hdf5, AFrameThatIsMissingIsNotTheEnd) {
  const auto encoded = images();
  EXPECT_CONTAINS(said([&](auto& written) {
                    for (size_t t = 0; t < encoded.size(); ++t)
                      if (t != 9) written.bytes(concat("env/cam0_video/frame", t), encoded[t]);
                  }),
                  "env/cam0_video/frame9: this frame is missing: there are 11 in all");
}

TEST_F(Hdf5, TheActionAfterTheLastFrameMayHaveNoValue) {
  auto actions = counting();
  actions.back() = NAN;
  WrittenHdf5(file()).bytes("image", {kFrames, 8, 8, 3}, pixels()).floats("action", {kFrames}, actions);
  EXPECT_EQ(only_batch().actions[10][0][0].item<float>(), 10);
  const auto with_actions = [&](const std::vector<float>& values) {
    return said([&](auto& written) {
      written.bytes("image", {kFrames, 8, 8, 3}, pixels())
          .floats("action", {static_cast<int64_t>(values.size())}, values);
    });
  };
  actions[3] = NAN;
  EXPECT_CONTAINS(with_actions(actions),
                  "episode.h5: action holds the value nan (number 3), which is not finite");
  auto fewer = counting(11);
  fewer.back() = NAN;
  EXPECT_CONTAINS(with_actions(fewer), "holds 10 actions and a last one without a value, but ");
  auto more = counting(13);
  more.back() = NAN;
  EXPECT_CONTAINS(with_actions(more), "holds 12 actions and a last one without a value, but ");
  EXPECT_CONTAINS(said([&](auto& written) {
                    auto states = counting();
                    states.back() = NAN;
                    written.bytes("image", {kFrames, 8, 8, 3}, pixels()).floats("state", {kFrames}, states);
                  }),
                  "episode.h5: state holds the value nan (number 11)");
}

TEST_F(Hdf5, AllEpisodesHaveTheSameNumbers) {
  EXPECT_CONTAINS(said([&](auto& written) {
                    for (const char* name : {"data/demo_0", "data/demo_1"})
                      written.bytes(concat(name, "/obs/image"), {kFrames, 8, 8, 3}, pixels());
                    written.floats("data/demo_0/actions", {kFrames, 1}, counting());
                  }),
                  "data/demo_1: holds frames of 8x8x3, but those before it of 8x8x3, 1 actions");
}

TEST_F(Hdf5, LinksAreFollowedWithinTheFile) {
  WrittenHdf5(folder_ / "other.h5").bytes("image", {kFrames, 8, 8, 3}, pixels());
  WrittenHdf5(file())
      .bytes("store/a/image", {kFrames, 8, 8, 3}, pixels())
      .floats("store/a/actions", {kFrames}, counting())
      .link("data/demo_0", "/store/a")
      .link("data/demo_0/self", "/store/a")
      .link("data/demo_1", "/nowhere")
      .link_elsewhere("data/demo_2", (folder_ / "other.h5").string(), "/");
  testing::internal::CaptureStderr();
  expect_levels(only_batch());
  const auto told = testing::internal::GetCapturedStderr();
  EXPECT_CONTAINS(told, "episode.h5: 2 links to other files, or to nothing, left out (data/demo_1, ...)");
}

TEST_F(Hdf5, ArraysThatWereNeverWrittenAreNotRead) {
  EXPECT_CONTAINS(said([&](auto& written) {
                    written.bytes("image", {kFrames, 8, 8, 3}, pixels())
                        .unwritten("actions", {kFrames, int64_t{1} << 24});
                  }),
                  "actions: claims to hold 201326592 values in 1 bytes");
}

TEST_F(Hdf5, UnknownCompressionsAreNamed) {
  EXPECT_CONTAINS(
      said([&](auto& written) {
        written.compressed_oddly("image", {kFrames, 8, 8, 3});
      }),
      "episode.h5, image: is compressed with \"\" (filter 511), which libhdf5 lacks: write it with gzip");
}

TEST_F(Hdf5, WhatHoldsNoFramesIsListed) {
  const auto floats = [&](auto& written) {
    written.floats("obs/image", {kFrames, 8, 8, 1}, std::vector<float>(kFrames * 64, 0.5F));
  };
  EXPECT_CONTAINS(said(floats), "others must be converted); there are obs/image [12, 8, 8, 1] of float32");
  EXPECT_CONTAINS(said(
                      [&](auto& written) {
                        floats(written);
                        written.bytes("obs/top", {kFrames, 8, 8, 3}, pixels());
                      },
                      "image_key=image"),
                  "image (image_key) is [12, 8, 8, 1] of float32 and holds no frames; there are obs/top");
}

TEST_F(Hdf5, DamagedFilesAreNamed) {
  const auto whole = read(made_up("lists/vlen/episode_0.h5"));
  for (size_t length : {size_t{0}, size_t{1}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    write("in/cut.h5", whole.substr(0, length));
    EXPECT_CONTAINS(refusal(folder_ / "in"), "cut.h5: is ") << length;
  }
  write("in/cut.h5", std::string(4096, 'x'));
  EXPECT_CONTAINS(refusal(folder_ / "in"), "cut.h5: is no whole HDF5 file");
}

}  // namespace
}  // namespace savp
