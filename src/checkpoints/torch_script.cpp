#include "checkpoints/torch_script.h"

#include <torch/script.h>

#include <memory>
#include <string>

#include "core/caught.h"
#include "core/error.h"
#include "core/printable.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// Errors of LibTorch go on for many lines.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return shown(text.substr(0, text.find('\n')));
}

torch::jit::Module load(const fs::path& file) try {
  auto module = torch::jit::load(file.string(), at::kCPU);
  module.eval();
  return module;
} catch (const std::exception& error) {
  if (shortage_of_memory()) throw;
  throw DataError(concat(file.string(), ": is no sound TorchScript file (", first_line(error), ")"));
}

}  // namespace

NamedTensors torch_script_tensors(const fs::path& file) {
  const auto module = load(file);
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(item.name, item.value.detach());
  for (const auto& item : module.named_buffers()) tensors.emplace_back(item.name, item.value);
  return tensors;
}

std::function<at::Tensor(const at::Tensor& videos)> scripted_i3d(const fs::path& file,
                                                                 const at::Device& device) {
  const auto module = std::make_shared<torch::jit::Module>(load(file));
  module->to(device);
  constexpr int64_t kClasses = 400;
  return [module, where = file.string()](const at::Tensor& videos) {
    const at::NoGradGuard no_grad;
    try {
      const auto logits =
          module->forward({videos}, {{"rescale", false}, {"resize", false}, {"return_features", true}})
              .toTensor();
      TORCH_CHECK(logits.dim() == 2 && logits.size(0) == videos.size(0) && logits.size(1) == kClasses,
                  "it gives ", logits.sizes());
      return logits.to(at::kFloat);
    } catch (const std::exception& error) {
      if (shortage_of_memory()) throw;
      throw DataError(concat(where, ": cannot be used as the I3D of StyleGAN-V (", first_line(error), ")"));
    }
  };
}

}  // namespace savp
