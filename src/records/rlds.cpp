// Episodes of robots as TensorFlow Datasets writes them (RLDS), among them Open X-Embodiment's.
#include "records/specs.h"

namespace savp {

DatasetSpec rlds() {
  DatasetSpec spec{.name = "rlds",
                   .about = "episodes of robots as TensorFlow Datasets writes them (Open X-Embodiment)",
                   .layout = Layout::kEpisode,
                   .pixels = Pixels::kEncoded,
                   .views = {"image", "image_0"},
                   .keyed = true};
  spec.hparams.context_frames = 2;
  spec.hparams.sequence_length = 12;
  return spec;
}

}  // namespace savp
