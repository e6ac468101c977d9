// A picture continued beyond its border.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace savp::kernels {

// How values outside a picture are made up. Symmetric repeats the border itself, reflect does not.
enum class Border { kConstant, kSymmetric, kReflect };

// What is added to an axis.
struct Pads {
  int64_t before = 0, after = 0;
};

// x [..., H, W]; a mirror must not reach further than the picture.
at::Tensor padded(const at::Tensor& x, Pads vertical, Pads horizontal, Border border);

}  // namespace savp::kernels
