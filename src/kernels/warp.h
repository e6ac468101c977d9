// Pictures whose pixels move: each by kernels of its own, by a flow, or all by affine maps.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/cdna.h"

namespace savp::kernels {

// A kernel at every position (dynamic neural advection): image [B, C, H, W], kernels [B, N, kh, kw, H, W] ->
// [B, N, C, H, W].
at::Tensor dna(const at::Tensor& image, const at::Tensor& kernels, const CdnaOptions& options = {});

// Backward warp by a flow in pixels: image [B, C, H, W], flow [B, 2, H, W] (x, y) -> [B, C, H, W]. Bilinear;
// positions beyond the border take border pixels; the gradient reaches the flow through the weights.
at::Tensor flow_warp(const at::Tensor& image, const at::Tensor& flow);

// image [B, C, H, W], maps [B, N, 2, 3] from places in the result to places in the picture (x, y from -1
// to 1) -> [B, N, C, H, W]. Bilinear; places beyond the border take border pixels (Jaderberg et al. 2015,
// eq. 1).
at::Tensor affine_warp(const at::Tensor& image, const at::Tensor& maps);

}  // namespace savp::kernels
