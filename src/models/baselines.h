// Predictors without weights, to compare models with.
#pragma once

#include <memory>

#include "models/predictor.h"

namespace savp {

// The true frames 1 .. length - 1.
std::unique_ptr<VideoPredictor> make_ground_truth(const ModelHparams& hparams);

// The context frames after the first, then the last of them for the rest. The published implementation cannot
// run (it joins along the wrong axis); this is what it means.
std::unique_ptr<VideoPredictor> make_repeat(const ModelHparams& hparams);

}  // namespace savp
