// A frame composed from candidates by masks (Finn et al. 2016, eq. 4).
#pragma once

#include <ATen/core/Tensor.h>

namespace savp::kernels {

struct Blended {
  at::Tensor frame;  // [B, C, H, W], float
  at::Tensor masks;  // [B, M, H, W], float, of sum 1 over M
};

// Masks are the softmax over M of logits [B, M, H, W], the frame is the sum of candidates [B, M, C, H,
// W] weighted by them. On a GPU, for up to 16 masks, by position; anything else is composed of
// LibTorch's operators.
Blended blend(const at::Tensor& candidates, const at::Tensor& logits);

// The same, always of LibTorch's operators; and the frame that given masks [B, M, H, W] blend.
Blended blend_composed(const at::Tensor& candidates, const at::Tensor& logits);
at::Tensor weighted_sum(const at::Tensor& candidates, const at::Tensor& masks);

// The same by the arithmetic of the GPU's kernels, on the GPU or, for tests, the CPU: candidates in float,
// logits in float or bfloat16, both as they may lie. One kernel forward and one for all gradients. There is
// no second gradient.
Blended blend_by_position(const at::Tensor& candidates, const at::Tensor& logits);

}  // namespace savp::kernels
