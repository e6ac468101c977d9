// Sports and other things people do, from films on the web (Soomro et al. 2012).
#include "records/specs.h"

namespace savp {

DatasetSpec ucf101() {
  DatasetSpec spec{.name = "ucf101",
                   .aliases = {"UCF101VideoDataset"},
                   .about = "UCF101 human actions: JPEG clips of any length",
                   .layout = Layout::kVarLen,
                   .pixels = Pixels::kEncoded,
                   .images = "images/encoded",
                   .random_crop = true};
  spec.hparams.context_frames = 4;
  spec.hparams.sequence_length = 8;
  return spec;
}

}  // namespace savp
