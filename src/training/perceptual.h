// The network behind the perceptual loss.
#pragma once

#include <memory>

#include "core/model_hparams.h"
#include "nn/vgg.h"

namespace savp {

// With the weights of the file hparams.vgg_weights, else of the one that scripts/fetch_metric_weights.sh
// leaves in the cache; null where hparams.vgg_cdist_weight is zero. Throws UsageError where no file is named
// and the cache has none, DataError where a file is not there or does not hold them.
std::shared_ptr<nn::Vgg16> load_vgg(const TrainHparams& hparams, const at::Device& device);

}  // namespace savp
