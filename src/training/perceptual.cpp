#include "training/perceptual.h"

#include <torch/types.h>

#include <filesystem>

#include "checkpoints/metric_networks.h"

namespace savp {

std::shared_ptr<nn::Vgg16> load_vgg(const TrainHparams& hparams, const at::Device& device) {
  if (hparams.vgg_cdist_weight == 0.0) return nullptr;
  const auto file = hparams.vgg_weights.empty() ? metric_weights_folder() / "vgg16.safetensors"
                                                : std::filesystem::path(hparams.vgg_weights);
  auto vgg = std::make_shared<nn::Vgg16>();
  NamedTensors variables;
  for (const auto& item : vgg->named_parameters()) variables.emplace_back(item.key(), item.value());
  load_network(file, variables);
  vgg->to(device);
  return vgg;
}

}  // namespace savp
