// Episodes in records as TensorFlow Datasets writes them.
#include "io/example.h"
#include "io/image.h"
#include "io/tfrecord.h"
#include "making/verification.h"
#include "support/robot_data.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

class Rlds : public RobotData {
 protected:
  void SetUp() override {
    RobotData::SetUp();
    fs::copy(made_up("rlds"), folder_ / "in", fs::copy_options::recursive);
  }
  // In place of all records, one of 12 times the same frame.
  void write_episode(std::string_view frame, const std::vector<float>& actions) const {
    fs::remove_all(folder_ / "in");
    fs::create_directories(folder_ / "in");
    TfRecordWriter writer((folder_ / "in/robot-train.tfrecord-00000-of-00001").string());
    writer.write(ExampleBuilder()
                     .bytes("steps/observation/image", std::vector<std::string_view>(12, frame))
                     .floats("steps/action", actions)
                     .serialize());
    writer.close();
  }
};

constexpr char kWorld[] = ",action_key=world_vector";

// The start of a PNG file: 8x8, 8 bits, colours and transparency.
constexpr std::string_view kTransparent("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x06\0\0\0",
                                        29);

TEST_F(Rlds, EpisodesAreReadAsTheyAre) {
  EXPECT_EQ(infer_dataset((folder_ / "in").string(), "train"), "rlds");
  expect_all_made_up(folder_ / "in", Loss::kJpeg, kWorld);
  expect_all_made_up(folder_ / "in", Loss::kNone, std::string(kWorld) + ",image_key=wrist_image",
                     /*inverted=*/true);
}

// By a builder, with files for train, val and test, and actions that are not nested.
TEST_F(Rlds, OfTensorFlowDatasets) {
  const auto folder = made_up("tfds") / "made_up/1.0.0";
  EXPECT_EQ(infer_dataset(folder.string(), "train"), "rlds");
  expect_all_made_up(folder, Loss::kCoarseColours);
  expect_all_made_up(folder, Loss::kNone, ",image_key=wrist_image", /*inverted=*/true);
}

TEST_F(Rlds, EpisodesHaveTheirOwnLengths) {
  EXPECT_EQ(open(folder_ / "in", "train", "sequence_length=14,context_frames=1")->num_examples_per_epoch(),
            1);
  EXPECT_EQ(open(folder_ / "in", "train", "sequence_length=15")->num_examples_per_epoch(), 0);
  EXPECT_EQ(open(folder_ / "in", "test", "sequence_length=16")->num_examples_per_epoch(), 1);
  EXPECT_CONTAINS(refusal(folder_ / "in", "sequence_length=0"), "sequence_length must be given");
}

TEST_F(Rlds, KeysChooseFeatures) {
  const auto data =
      open(folder_ / "in", "train",
           "use_state=true,action_key=action/world_vector+gripper,state_key=is_first,scale_size=8");
  EXPECT_EQ(data->shape().actions, 3);
  EXPECT_EQ(data->shape().states, 1);
  EXPECT_EQ(data->shape().width, 8);
  const auto batch = batches(*open(folder_ / "in", "train",
                                   "use_state=true,time_shift=0,action_key=gripper+"
                                   "world_vector,state_key=is_first"))[0];
  EXPECT_EQ(batch.actions[3][0][0].item<float>(), 1);
  EXPECT_EQ(batch.actions[3][0][2].item<float>(), -3);
  EXPECT_EQ(batch.states.sum().item<float>(), 1);
  const std::string there = "; there are the features steps/action/gripper (integers)";
  EXPECT_CONTAINS(refusal(folder_ / "in", "image_key=depth"),
                  "there is no feature depth (image_key)" + there);
  EXPECT_CONTAINS(refusal(folder_ / "in", "use_state=true,action_key=torque"),
                  "holds no torque (action_key)" + there);
  EXPECT_CONTAINS(refusal(folder_ / "in", "use_state=true,state_key=pose"), "holds no pose (state_key)");
  EXPECT_CONTAINS(refusal(folder_ / "in", "image_key=state"), "holds no JPEG or PNG images");
  EXPECT_CONTAINS(refusal(folder_ / "in", "use_state=true,action_key=language_instruction"),
                  "holds byte strings instead of numbers");
}

TEST_F(Rlds, TheLastActionMayHaveNoValue) {
  const auto write_record = [&](const std::vector<float>& actions) {
    write_episode(encode_png(uniform_frames(8, 8, 1, 50).front()), actions);
  };
  std::vector<float> actions(12);
  for (size_t t = 0; t < 12; ++t) actions[t] = static_cast<float>(t);
  actions[11] = NAN;
  write_record(actions);
  EXPECT_EQ(batches(*open(folder_ / "in", "train"))[0].actions[10][0][0].item<float>(), 10);
  actions[4] = NAN;
  write_record(actions);
  EXPECT_CONTAINS(refusal(folder_ / "in"), "action holds the value nan (number 4), which is not finite");
}

TEST_F(Rlds, FramesThatCannotBeReadAreNamed) {
  write_episode("pixels", std::vector<float>(12));
  EXPECT_CONTAINS(refusal(folder_ / "in"),
                  "there are no frames: no feature called steps/... holds JPEG or PNG images; there are the "
                  "features steps/action (floats) and steps/observation/image (byte strings)");
  write_episode(kTransparent, std::vector<float>(12));
  EXPECT_CONTAINS(refusal(folder_ / "in"),
                  "frame 0 of steps/observation/image is an image of 4 channels: gray or RGB");
}

TEST_F(Rlds, ActionsInSeveralFeaturesMustBeChosen) {
  EXPECT_CONTAINS(
      refusal(folder_ / "in"),
      "the actions are in several features (gripper and world_vector of steps/action): choose some");
}

TEST_F(Rlds, FilesAreDividedByTheirNames) {
  const auto name = [&](const char* mode) {
    return fs::path(open(folder_ / "in", mode, "")->files().front()).filename().string();
  };
  EXPECT_CONTAINS(name("train"), "-00000-of");
  EXPECT_CONTAINS(name("val"), "-00001-of") << "kept back";
  EXPECT_CONTAINS(name("test"), "-00002-of");
  fs::rename(folder_ / "in/made_up-train.tfrecord-00002-of-00003",
             folder_ / "in/made_up-validation.tfrecord-00000-of-00001");
  EXPECT_EQ(open(folder_ / "in", "train", "")->files().size(), 2U) << "none is kept back";
  EXPECT_CONTAINS(name("val"), "made_up-validation");
  EXPECT_CONTAINS(message_of<MissingSplitError>([&] { open(folder_ / "in", "test"); }),
                  "no record files for test; by their names, there are some for train and val");
}

TEST_F(Rlds, DatasetsAreVerified) {
  VerifyOptions options;
  options.input_dir = (folder_ / "in").string();
  testing::internal::CaptureStdout();
  verify_data(options);
  const auto said = testing::internal::GetCapturedStdout();
  EXPECT_CONTAINS(said, "(rlds)");
  EXPECT_CONTAINS(said, "test: 1 sequence in 1 file");
  EXPECT_CONTAINS(said, "16 frames of 8x12x3");
}

}  // namespace
}  // namespace savp
