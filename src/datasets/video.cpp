// One's own videos, as savp_preprocess writes them.
#include "datasets/specs.h"

namespace savp {

DatasetSpec video() {
  DatasetSpec spec{.name = "video",
                   .about = "clips of any size and length, as savp_preprocess writes them",
                   .layout = Layout::kVarLen,
                   .pixels = Pixels::kRaw,
                   .count = Count::kLengthsFile,
                   .images = "images/encoded"};
  spec.hparams.context_frames = 2;
  spec.hparams.sequence_length = 12;
  return spec;
}

}  // namespace savp
