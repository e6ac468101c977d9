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

// Errors of LibTorch go on for many lines, of which the first may be empty.
std::string first_line(const std::exception& error) {
  std::string text = error.what();
  text.erase(0, text.find_first_not_of(" \n"));
  return shown(text.substr(0, text.find('\n')));
}

torch::jit::Module load(const fs::path& file) try {
  if (is_torch_script(file)) check_torch_script(file);
  auto module = torch::jit::load(file.string(), at::kCPU);
  module.eval();
  return module;
} catch (const DataError&) {
  throw;
} catch (const std::exception& error) {
  if (shortage_of_memory()) throw;
  throw DataError(concat(file.string(), ": is no sound TorchScript file (", first_line(error), ")"));
}

at::Tensor as_floats(const at::Tensor& tensor, const std::string& called) {
  const bool usable = tensor.layout() == at::kStrided && at::isFloatingType(tensor.scalar_type());
  SAVP_CHECK(usable, DataError, called, " is of ", tensor.toString(), ", not of float32");
  return tensor.detach().to(at::kFloat);
}

}  // namespace

NamedTensors torch_script_tensors(const fs::path& file, const WantedName& wanted) {
  const auto module = load(file);
  NamedTensors tensors;
  const auto take = [&](const auto& items) {
    for (const auto& [name, value] : items)
      if (wanted(name))
        tensors.emplace_back(name, as_floats(value, concat(file.string(), ": the tensor ", shown(name))));
  };
  take(module.named_parameters());
  take(module.named_buffers());
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
