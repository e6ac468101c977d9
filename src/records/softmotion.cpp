// Robots that push things in a tray (Ebert et al. 2017): frames of one or two cameras, the gripper's position
// and the commanded motion. BAIR's "robot pushing" is such a dataset.
#include "records/specs.h"

namespace savp {

DatasetSpec softmotion() {
  DatasetSpec spec{.name = "softmotion",
                   .aliases = {"SoftmotionVideoDataset"},
                   .about = "robot pushing records with any camera, positions and actions",
                   .layout = Layout::kPerStep,
                   .pixels = Pixels::kRaw,
                   .count = Count::kFileNames,
                   .images = "%d/{view}/encoded",
                   .views = {"image_aux1", "image_view0"},
                   .states = "%d/endeffector_pos",
                   .actions = "%d/action",
                   .object_pos = "%d/object_pos",
                   .state_size = 3,
                   .action_size = 4};
  spec.hparams.context_frames = 2;
  spec.hparams.sequence_length = 12;
  spec.hparams.long_sequence_length = 30;
  spec.hparams.time_shift = 2;
  return spec;
}

DatasetSpec bair() {
  auto spec = softmotion();
  spec.name = "bair";
  spec.aliases = {};
  spec.about =
      "BAIR robot pushing: 64x64 RGB, 30 steps, positions and actions; also records like these of "
      "other sizes";
  spec.state_size = spec.action_size = 0;  // as in the first record
  return spec;
}

}  // namespace savp
