// What to do about frames of a size that a model cannot take.
#pragma once

namespace savp {

constexpr const char* kSizeRemedy =
    ": give your own videos another size with --dataset_hparams frame_size=[height,width], or with --size of "
    "savp_preprocess videos; records with crop_size and scale_size";

}  // namespace savp
