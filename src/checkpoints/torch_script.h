// Programs of PyTorch with their tensors, TorchScript files.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>

#include "checkpoints/variables.h"
#include "io/torch_file.h"

namespace savp {

// Those of its parameters and buffers whose names are wanted, as float32. Throws DataError for what is no
// TorchScript file, and for wanted ones of whole or complex numbers or with zeros left out.
NamedTensors torch_script_tensors(const std::filesystem::path& file, const WantedName& wanted);

// The I3D of StyleGAN-V (i3d_torchscript.pt), as its authors call it: videos [N, 3, T, 224, 224] in [-1, 1]
// on the device -> logits [N, 400]. Throws DataError for what is no TorchScript file; so does the function
// where it cannot be called so.
std::function<at::Tensor(const at::Tensor& videos)> scripted_i3d(const std::filesystem::path& file,
                                                                 const at::Device& device);

}  // namespace savp
