// What "Stochastic variational video prediction" (Babaeizadeh et al. 2018) was tried on: shapes that move,
// and people (Human3.6M).
#include "records/specs.h"

namespace savp {

DatasetSpec shape() {
  DatasetSpec spec{.name = "shape",
                   .about = "moving shapes: 64x64 JPEG, positions and actions",
                   .layout = Layout::kPerStep,
                   .pixels = Pixels::kEncoded,
                   .images = "image_%d",
                   .states = "state_%d",
                   .actions = "action_%d",
                   .frame = {64, 64, 3},
                   .state_size = 2,
                   .action_size = 2};
  spec.hparams.context_frames = 1;
  spec.hparams.sequence_length = 6;
  spec.hparams.time_shift = 0;
  return spec;
}

DatasetSpec humans() {
  DatasetSpec spec{.name = "humans",
                   .about = "people who move: 64x64 JPEG",
                   .layout = Layout::kPerStep,
                   .pixels = Pixels::kEncoded,
                   .images = "image_%d",
                   .frame = {64, 64, 3}};
  spec.hparams.context_frames = 10;
  spec.hparams.sequence_length = 20;
  return spec;
}

DatasetSpec sv2p() {
  auto spec = shape();
  spec.name = "sv2p";
  spec.aliases = {"SV2PVideoDataset"};
  spec.about = "shape or humans, as the folder is called or its records look";
  spec.variants = {"shape", "humans"};
  return spec;
}

}  // namespace savp
