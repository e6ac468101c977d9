// Robot arms that push objects about (Finn et al. 2016), with folders push_train, push_testseen and
// push_testnovel instead of train, val and test.
#include "records/specs.h"

namespace savp {

DatasetSpec google_robot() {
  DatasetSpec spec{.name = "google_robot",
                   .aliases = {"GoogleRobotVideoDataset"},
                   .about = "Google robot pushing: 512x640 JPEG, poses and commands",
                   .layout = Layout::kPerStep,
                   .pixels = Pixels::kEncoded,
                   .images = "move/%d/image/encoded",
                   .states = "move/%d/endeffector/vec_pitch_yaw",
                   .actions = "move/%d/commanded_pose/vec_pitch_yaw",
                   .frame = {512, 640, 3},
                   .state_size = 5,
                   .action_size = 5};
  spec.hparams.context_frames = 2;
  spec.hparams.sequence_length = 15;
  return spec;
}

}  // namespace savp
