#include "making/toy_data.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "io/example.h"
#include "io/tfrecord.h"
#include "making/toy/physics.h"
#include "making/toy_scene.h"
#include "making/toy_world.h"
#include "support/scratch.h"

namespace savp {
namespace {

ToyDataOptions small(const ScratchFolder& scratch, const std::string& name) {
  ToyDataOptions options;
  options.output_dir = (scratch / name).string();
  options.num_train = 3;
  options.num_val = 1;
  options.num_test = 2;
  options.length = 5;
  options.size = 16;
  options.threads = 1;
  return options;
}

std::vector<std::string> records(const std::filesystem::path& path) {
  TfRecordReader reader(path.string());
  std::vector<std::string> found;
  for (auto record = reader.next(); record; record = reader.next()) found.push_back(*record);
  return found;
}

// Mean squared difference of two pictures in [0, 1].
double difference(const Picture& a, const Picture& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::pow((a.pixels[i] - b.pixels[i]) / 255.0, 2);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(ToyData, HasTheLayoutOfBair) {
  const ScratchFolder scratch;
  make_toy_data(small(scratch, "toy"));
  EXPECT_EQ(scratch.names(),
            (std::vector<std::string>{"toy/dataset.json", "toy/test/traj_0_to_1.tfrecords",
                                      "toy/train/traj_0_to_2.tfrecords", "toy/val/traj_0_to_0.tfrecords"}));
  const auto manifest = Json::parse(scratch.read("toy/dataset.json"));
  EXPECT_EQ(manifest["dataset"], "bair");
  EXPECT_EQ(manifest["sequences"], (Json{{"train", 3}, {"val", 1}, {"test", 2}}));
  const auto train = records(scratch / "toy/train/traj_0_to_2.tfrecords");
  ASSERT_EQ(train.size(), 3U);
  const ExampleView example(train[1]);
  EXPECT_EQ(example.features().size(), 5U * 3);
  for (int t = 0; t < 5; ++t) {
    const std::string step = std::to_string(t);
    EXPECT_EQ(example.one_bytes(step + "/image_aux1/encoded").size(), 16U * 16 * 3);
    EXPECT_EQ(example.get(step + "/action", FeatureView::Kind::kFloats).count(), 4U);
    EXPECT_EQ(example.get(step + "/endeffector_pos", FeatureView::Kind::kFloats).count(), 3U);
  }
}

TEST(ToyData, SameFlagsGiveTheSameBytes) {
  const ScratchFolder scratch;
  auto options = small(scratch, "a");
  make_toy_data(options);
  options.output_dir = (scratch / "b").string();
  options.threads = 3;
  make_toy_data(options);
  for (const char* name : {"train/traj_0_to_2.tfrecords", "val/traj_0_to_0.tfrecords",
                           "test/traj_0_to_1.tfrecords", "dataset.json"})
    EXPECT_EQ(scratch.read(std::string("a/") + name), scratch.read(std::string("b/") + name)) << name;
}

TEST(ToyData, ScenesDifferBySeedSplitAndNumber) {
  const ScratchFolder scratch;
  auto options = small(scratch, "a");
  make_toy_data(options);
  options.output_dir = (scratch / "b").string();
  options.seed = 1;
  options.num_val = 2;
  make_toy_data(options);
  options.output_dir = (scratch / "c").string();
  options.seed = 0;
  make_toy_data(options);
  const auto train = records(scratch / "a/train/traj_0_to_2.tfrecords");
  const auto val = records(scratch / "a/val/traj_0_to_0.tfrecords");
  EXPECT_NE(train[0], train[1]);
  EXPECT_NE(train[0], val[0]);
  EXPECT_NE(train[0], records(scratch / "b/train/traj_0_to_2.tfrecords")[0]);
  EXPECT_EQ(val[0], records(scratch / "c/val/traj_0_to_1.tfrecords")[0]);  // however many there are
}

TEST(ToyWorld, GoesWhereCommandsOfARecordingWent) {
  const ToySceneOptions options{.length = 20, .size = 32};
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const auto recording = record_toy_scene(seed, options);
    ToyWorld world(seed, options.blocks);
    EXPECT_EQ(world.picture(32).pixels, recording.frames[0].pixels);
    for (size_t t = 0; t + 1 < recording.frames.size(); ++t) {
      const auto done = world.act(recording.actions[t]);
      const auto position = world.position();
      for (size_t i = 0; i < done.size(); ++i) EXPECT_NEAR(done[i], recording.actions[t][i], 1e-4) << t;
      for (size_t i = 0; i < position.size(); ++i)
        EXPECT_NEAR(position[i], recording.positions[t + 1][i], 1e-3) << t;
    }
  }
}

TEST(ToyWorld, KeepsCommandsWithinWhatTheRobotCanDo) {
  ToyWorld world(0);
  const auto before = world.position();
  const auto done = world.act({30, 0, 5, 0});
  EXPECT_LE(done[0], 1.001F);
  EXPECT_NEAR(world.position()[0], before[0] + done[0], 1e-4);
  EXPECT_LE(world.position()[2], before[2] + 0.341F);
  for (int i = 0; i < 20; ++i) world.act({30, 0, 1, 0});
  EXPECT_LE(world.position()[0], 3.6F + 1e-4F);  // reach
  EXPECT_FLOAT_EQ(world.position()[2], 1);
}

TEST(ToyData, ReplacesOnlyDataSetsAndOnlyOnRequest) {
  const ScratchFolder scratch;
  auto options = small(scratch, "toy");
  make_toy_data(options);
  EXPECT_THROW(make_toy_data(options), UsageError);
  options.overwrite = true;
  options.num_test = 0;
  make_toy_data(options);
  EXPECT_EQ(scratch.names(), (std::vector<std::string>{"toy/dataset.json", "toy/train/traj_0_to_2.tfrecords",
                                                       "toy/val/traj_0_to_0.tfrecords"}));
  scratch.write("mine/diary.txt", "dear diary");
  options.output_dir = (scratch / "mine").string();
  EXPECT_THROW(make_toy_data(options), UsageError);
  EXPECT_EQ(scratch.read("mine/diary.txt"), "dear diary");
}

TEST(ToyScene, PositionsFollowFromCommands) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const auto recording = record_toy_scene(seed, {.size = 16});
    ASSERT_EQ(recording.frames.size(), 30U);
    for (size_t t = 0; t + 1 < recording.positions.size(); ++t)
      for (size_t i = 0; i < 3; ++i) {
        const double unit = i < 2 ? 0.1 : 1.0;  // of the tray's width, of the lift
        EXPECT_NEAR(unit * (recording.positions[t][i] + recording.actions[t][i]),
                    unit * recording.positions[t + 1][i], 1e-6)
            << "seed " << seed << ", frame " << t;
      }
  }
}

// What makes the data worth learning from: showing the last frame again is clearly wrong, both soon and late.
TEST(ToyScene, IsLively) {
  double step = 0, later = 0;
  constexpr int kScenes = 8;
  for (uint64_t seed = 0; seed < kScenes; ++seed) {
    const auto recording = record_toy_scene(seed, {.size = 32});
    step += difference(recording.frames[1], recording.frames[2]) / kScenes;
    later += difference(recording.frames[1], recording.frames[11]) / kScenes;
  }
  EXPECT_GT(step, 0.003);   // PSNR below 25 dB
  EXPECT_GT(later, 0.008);  // PSNR below 21 dB
}

TEST(ToyScene, LengthAndSizeAreFree) {
  const auto recording = record_toy_scene(7, {.length = 3, .size = 40, .blocks = 0});
  ASSERT_EQ(recording.frames.size(), 3U);
  EXPECT_EQ(recording.frames[0].height, 40);
  EXPECT_EQ(recording.frames[0].pixels.size(), 40U * 40 * 3);
}

}  // namespace

namespace toy {
namespace {

World one_block(Body block) {
  World world;
  world.gripper = {.position = {0.2, 0.5}, .radius = 0.08};
  world.blocks = {block};
  return world;
}

TEST(ToyPhysics, TheGripperPushesWhatIsInItsWay) {
  World world = one_block(make_disc({0.4, 0.5}, 0.08));
  for (int i = 0; i < 5; ++i) world.step({0.06, 0}, true);
  EXPECT_NEAR(world.gripper.position.x, 0.5, 1e-9);
  EXPECT_GE(world.blocks[0].position.x, 0.5 + 0.16 - 1e-3);
  EXPECT_LT(world.blocks[0].position.x, 0.8);
  EXPECT_NEAR(world.blocks[0].position.y, 0.5, 1e-9);
}

TEST(ToyPhysics, LiftedItPassesOver) {
  World world = one_block(make_disc({0.4, 0.5}, 0.08));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(world.step({0.06, 0}, false), 0);
  EXPECT_EQ(world.blocks[0].position.x, 0.4);
}

TEST(ToyPhysics, PushedOffCentreABoxTurns) {
  World world = one_block(make_box({0.4, 0.45}, 0, {0.08, 0.08}, 0.01));
  for (int i = 0; i < 4; ++i) world.step({0.05, 0}, true);
  EXPECT_LT(world.blocks[0].angle, -0.1);  // its lower half is pushed to the right
}

TEST(ToyPhysics, BlocksPushBlocks) {
  World world = one_block(make_disc({0.4, 0.5}, 0.08));
  world.blocks.push_back(make_box({0.58, 0.5}, 0.3, {0.08, 0.08}, 0.01));
  for (int i = 0; i < 4; ++i) world.step({0.06, 0}, true);
  EXPECT_GT(world.blocks[1].position.x, 0.62);
  EXPECT_LT(overlap(world.blocks[0], world.blocks[1]), 0.003);
}

TEST(ToyPhysics, BlocksStayInTheTray) {
  World world = one_block(make_box({0.4, 0.5}, 0.4, {0.09, 0.07}, 0.01));
  for (int i = 0; i < 11; ++i) {
    world.step({0.06, 0}, true);
    for (const Vec corner : corners(world.blocks[0])) EXPECT_LE(corner.x + world.blocks[0].radius, 1 + 1e-3);
  }
}

TEST(ToyPhysics, ABlockPressedIntoTheWallIsTold) {
  World world = one_block(make_disc({0.4, 0.5}, 0.08));
  double jam = 0;
  for (int i = 0; i < 10; ++i) jam = world.step({0.06, 0}, true);
  EXPECT_NEAR(world.blocks[0].position.x, 0.92, 1e-3);
  EXPECT_NEAR(jam, 0.04, 2e-3);
}

TEST(ToyPhysics, BlocksSoonStop) {
  World world = one_block(make_disc({0.4, 0.5}, 0.08));
  world.blocks[0].velocity = {0.05, 0};
  for (int i = 0; i < 4; ++i) world.step({}, true);
  const double x = world.blocks[0].position.x;
  world.step({}, true);
  EXPECT_NEAR(world.blocks[0].position.x, x, 1e-4);
}

TEST(ToyPhysics, OverlapOfRoundedBoxes) {
  const Body box = make_box({0.5, 0.5}, 0, {0.1, 0.1}, 0.02);
  EXPECT_EQ(overlap(box, make_disc({0.71, 0.5}, 0.1)), 0);
  EXPECT_NEAR(overlap(box, make_disc({0.69, 0.5}, 0.1)), 0.01, 1e-9);
  EXPECT_GT(overlap(box, make_disc({0.5, 0.5}, 0.1)), 0.1);
}

}  // namespace
}  // namespace toy
}  // namespace savp
