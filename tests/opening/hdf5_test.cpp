// Episodes in HDF5 files.
#include "support/robot_data.h"

namespace savp {
namespace {

using Hdf5 = RobotData;

TEST_F(Hdf5, Robomimic) {
  expect_all_made_up(made_up("robomimic"), 0);
  expect_all_made_up(made_up("robomimic"), 0, ",image_key=robot0_eye_in_hand_image", /*inverted=*/true);
  const auto joined =
      open(made_up("robomimic"), "train",
           std::string(kWhole) + ",state_key=robot0_eef_pos+robot0_gripper_qpos,frame_size=[8,8]");
  EXPECT_EQ(joined->shape().width, 8);
  EXPECT_EQ(batches(*joined)[0].states[4][0][2].item<float>(), 7);
  EXPECT_CONTAINS(refusal(made_up("robomimic"), "image_key=wrist"),
                  "data/demo_0: there are no frames wrist (image_key); there are obs/agentview_image "
                  "and obs/robot0_eye_in_hand_image");
  EXPECT_CONTAINS(refusal(made_up("robomimic"), "action_key=torque"),
                  "data/demo_0: holds no torque; there are actions [14, 2], dones [14], ");
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
  for (const char* kind : {"mp4", "jpg"}) {
    SCOPED_TRACE(kind);
    expect_all_made_up(made_up("robonet") / kind, 8);
    expect_all_made_up(made_up("robonet") / kind, 8, ",image_key=cam1_video", /*inverted=*/true);
  }
}

TEST_F(Hdf5, ListsOfImages) {
  for (const char* kind : {"vlen", "padded"}) {
    SCOPED_TRACE(kind);
    expect_all_made_up(made_up("lists") / kind, 6, ",state_key=qpos");
  }
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
