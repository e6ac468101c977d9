// A gripper on a cart, moved in a plane and turned (Ebert et al. 2017).
#include "records/specs.h"

namespace savp {

DatasetSpec cartgripper() {
  auto spec = softmotion();
  spec.name = "cartgripper";
  spec.aliases = {"CartgripperVideoDataset"};
  spec.about = "cart gripper records: 48x64 RGB, positions and actions";
  spec.images = "%d/image_view0/encoded";
  spec.views = {};
  spec.object_pos = "";
  spec.frame = {48, 64, 3};
  spec.state_size = 6;
  spec.action_size = 3;
  spec.hparams.sequence_length = 15;
  spec.hparams.time_shift = 3;
  spec.hparams.use_state = true;
  return spec;
}

}  // namespace savp
