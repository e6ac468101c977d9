// How different the directions of features are.
#pragma once

#include <ATen/core/Tensor.h>

namespace savp::kernels {

// Half the squared distance of the vectors along axis 1 after scaling to unit length, mean over all
// positions: a and b [N, C, ...], both float or both bfloat16, computed in float -> 0-dim, float. One kernel
// and a sum forward, one kernel for the gradients; all add in the same order every time. On the CPU a plain
// loop over the same arithmetic, which tests compare with. There is no second gradient.
at::Tensor cosine_distance(const at::Tensor& a, const at::Tensor& b);

// Whether cosine_distance() runs on the inputs' GPU.
bool has_cosine_kernel(const at::Tensor& a, const at::Tensor& b);

}  // namespace savp::kernels
