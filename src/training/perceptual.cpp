#include "training/perceptual.h"

#include <torch/types.h>

#include "checkpoints/tensors.h"
#include "core/error.h"

namespace savp {

std::shared_ptr<nn::Vgg16> load_vgg(const TrainHparams& hparams, const at::Device& device) {
  if (hparams.vgg_cdist_weight == 0.0) return nullptr;
  SAVP_CHECK(!hparams.vgg_weights.empty(), UsageError, "vgg_cdist_weight=", hparams.vgg_cdist_weight,
             " needs the weights of VGG-16: give --vgg_weights FILE (safetensors, with torchvision's names)");
  auto vgg = std::make_shared<nn::Vgg16>();
  NamedTensors variables;
  for (const auto& item : vgg->named_parameters()) variables.emplace_back(item.key(), item.value());
  restore(VariableSource::open(hparams.vgg_weights), variables, {.unused = true});  // the classifier
  vgg->to(device);
  return vgg;
}

}  // namespace savp
