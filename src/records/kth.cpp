// People who walk, run, wave ... (Schuldt et al. 2004), one-channel clips of any length.
#include "records/specs.h"

namespace savp {

DatasetSpec kth() {
  DatasetSpec spec{.name = "kth",
                   .aliases = {"KTHVideoDataset"},
                   .about = "KTH human actions: gray clips of any length",
                   .layout = Layout::kVarLen,
                   .pixels = Pixels::kRaw,
                   .count = Count::kLengthsFile,
                   .images = "images/encoded"};
  spec.hparams.context_frames = 10;
  spec.hparams.sequence_length = 20;
  spec.hparams.long_sequence_length = 40;
  spec.hparams.force_time_shift = true;  // validation clips start anywhere, too
  spec.hparams.shuffle_on_val = true;
  return spec;
}

}  // namespace savp
