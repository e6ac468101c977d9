// One's own videos, frames and arrays.
#include "records/specs.h"

namespace savp {

DatasetSpec video() {
  DatasetSpec spec{
      .name = "video",
      .about = "your own clips: videos, folders of frames and arrays, or what savp_preprocess made of them",
      .layout = Layout::kVarLen,
      .pixels = Pixels::kRaw,
      .count = Count::kLengthsFile,
      .images = "images/encoded",
      .states = "states",
      .actions = "actions",
      .own_data = true};
  spec.hparams.context_frames = 2;
  spec.hparams.sequence_length = 12;
  return spec;
}

}  // namespace savp
