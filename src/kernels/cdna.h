// One set of kernels a sample, shared by all positions and channels of its picture (Finn et al. 2016, eq. 3).
#pragma once

#include <ATen/core/Tensor.h>

#include "core/hparams.h"
#include "kernels/padding.h"

namespace savp::kernels {

struct CdnaOptions {
  Size2 dilation = {1, 1};
  Border border = Border::kSymmetric;
};

// The picture as kernels [B, N, kh, kw, ...] see it.
at::Tensor padded_for(const at::Tensor& image, const at::Tensor& kernels, const CdnaOptions& options);

// image [B, C, H, W] and kernels [B, N, kh, kw] -> [B, N, C, H, W]. The picture is continued as TensorFlow's
// SAME padding does it. On a GPU, for float and a mirror that does not reach further than the picture, by
// position; anything else is composed of LibTorch's operators.
at::Tensor cdna(const at::Tensor& image, const at::Tensor& kernels, const CdnaOptions& options = {});

// The same, always of LibTorch's operators.
at::Tensor cdna_composed(const at::Tensor& image, const at::Tensor& kernels, const CdnaOptions& options = {});

// The same by the arithmetic of the GPU's kernels, on the GPU or, for tests, the CPU: float, as they may lie,
// the result contiguous; the picture is not copied. One kernel forward, one for the gradient of each input
// (which always adds in the same order). There is no second gradient.
at::Tensor cdna_by_position(const at::Tensor& image, const at::Tensor& kernels,
                            const CdnaOptions& options = {});

}  // namespace savp::kernels
