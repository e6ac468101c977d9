// A frame composed from candidates by masks (Finn et al. 2016, eq. 4).
#pragma once

#include <ATen/core/Tensor.h>

namespace savp::kernels {

struct Blended {
  at::Tensor frame;  // [B, C, H, W], float
  at::Tensor masks;  // [B, M, H, W], float, of sum 1 over M
};

// Masks are the softmax over M of logits [B, M, H, W] (float or bfloat16), the frame is the sum of candidates
// [B, M, C, H, W] (float) weighted by them; both as they may lie, M up to 16. One kernel forward and one for
// all gradients; on the CPU a plain loop over the same arithmetic, which tests compare with. There is no
// second gradient.
Blended blend(const at::Tensor& candidates, const at::Tensor& logits);

// Whether blend() runs on the inputs' GPU.
bool has_blend_kernel(const at::Tensor& candidates, const at::Tensor& logits);

}  // namespace savp::kernels
