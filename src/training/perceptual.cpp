#include "training/perceptual.h"

#include <torch/types.h>

#include <filesystem>

#include "checkpoints/metric_networks.h"
#include "core/error.h"

namespace savp {

std::shared_ptr<nn::Vgg16> load_vgg(const TrainHparams& hparams, const at::Device& device,
                                    const std::optional<std::string>& folder) {
  if (hparams.vgg_cdist_weight == 0.0) return nullptr;
  const bool given = !hparams.vgg_weights.empty();
  const auto networks = metric_weights_folder(folder);
  const auto files = given ? NetworkFiles{{hparams.vgg_weights}} : find_network(networks, Network::kVgg16);
  SAVP_CHECK(files.is_there(), UsageError, "vgg_cdist_weight=", hparams.vgg_cdist_weight,
             " needs the weights of VGG-16: ", kFetchNetworks, " downloads them to ",
             (networks / network_file(Network::kVgg16)).string(),
             ", or give --metric_weights DIR or --vgg_weights FILE");
  auto vgg = std::make_shared<nn::Vgg16>();
  NamedTensors variables;
  for (const auto& item : vgg->named_parameters()) variables.emplace_back(item.key(), item.value());
  load_network(files, variables);
  vgg->to(device);
  return vgg;
}

}  // namespace savp
