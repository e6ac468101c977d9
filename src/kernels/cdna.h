// One set of kernels a sample, shared by all positions and channels of its picture (Finn et al. 2016, eq. 3).
#pragma once

#include <ATen/core/Tensor.h>

#include "core/hparams.h"

namespace savp::kernels {

// What stands beyond a picture's border. Symmetric repeats the border itself, reflect does not.
enum class Beyond { kZero, kSymmetric, kReflect };

struct CdnaOptions {
  Size2 dilation = {1, 1};
  Beyond beyond = Beyond::kSymmetric;
};

// image [B, C, H, W] and kernels [B, N, kh, kw], float, as they may lie -> [B, N, C, H, W], contiguous. The
// picture is continued as TensorFlow's SAME padding does it, without being copied. One kernel forward, one
// for the gradient of each input (which always adds in the same order); on the CPU a plain loop over the same
// arithmetic, which tests compare with. There is no second gradient.
at::Tensor cdna(const at::Tensor& image, const at::Tensor& kernels, const CdnaOptions& options);

// Whether cdna() runs on the inputs' GPU: a mirror must not reach further than the picture.
bool has_cdna_kernel(const at::Tensor& image, const at::Tensor& kernels, const CdnaOptions& options);

}  // namespace savp::kernels
