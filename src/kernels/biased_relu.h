// A bias per channel and a leaky ReLU, in one go.
#pragma once

#include <ATen/core/Tensor.h>

namespace savp::kernels {

// leaky_relu(x + bias, negative_slope); x [N, C, ...], bias [C]; negative_slope above 0. On a GPU, for float
// and bfloat16 with channels last in memory, one kernel forward and one (and a small sum) backward; elsewhere
// LibTorch's operators.
at::Tensor biased_relu(const at::Tensor& x, const at::Tensor& bias, double negative_slope);

// The loop over the GPU kernel's own arithmetic, on the CPU, with gradients; x as above with channels last.
// What tests compare with.
at::Tensor biased_relu_by_row(const at::Tensor& x, const at::Tensor& bias, double negative_slope);

}  // namespace savp::kernels
