// The network behind the perceptual loss.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/model_hparams.h"
#include "nn/vgg.h"

namespace savp {

// With the weights of the file hparams.vgg_weights, else of vgg16.safetensors in
// metric_weights_folder(folder); null where hparams.vgg_cdist_weight is zero. Throws UsageError where no file
// is named and the folder has none, DataError where a file is not there or does not hold them.
std::shared_ptr<nn::Vgg16> load_vgg(const TrainHparams& hparams, const at::Device& device,
                                    const std::optional<std::string>& folder = {});

}  // namespace savp
