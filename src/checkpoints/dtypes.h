// Names of types in files, as TensorView::dtype has them, and LibTorch's.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "io/safetensors.h"

namespace savp {

std::string dtype_of(const at::Tensor& tensor);

// Throws DataError for a type that LibTorch does not know.
at::ScalarType type_of(const TensorView& view);

}  // namespace savp
