// Layers that the published code has and none of its models uses, for the cases recorded of them. Pictures
// are [B, C, H, W].
#pragma once

#include <vector>

#include "core/video.h"
#include "nn/layers.h"

namespace savp::nn {

enum class Pooling { kMean, kMax };
// Means over windows leave out what SAME pads, and count the zeros that FULL pads.
Tensor pool2d(const Tensor& x, Size2 size, Size2 stride, Padding padding, Pooling kind);

enum class Upsampling { kBilinear, kNearest };
// Enlarges by whole factors. Bilinear with VALID keeps the faint margin that SAME cuts off.
Tensor upsample2d(const Tensor& x, Size2 factors, Upsampling kind, Padding padding = Padding::kSame);

// x [B, C, W], padded as pad2d does, and convolved with a kernel [k, C, out], bias [out].
Tensor pad1d(const Tensor& x, int64_t size, int64_t stride, Padding padding);
Tensor conv1d(const Tensor& x, const Tensor& kernel, const Tensor& bias, int64_t stride, Padding padding);

// Each channel by itself: kernel [M, C, kh, kw], bias [C * M] -> [B, C * M, H, W], the M of a channel
// together. SAME.
Tensor depthwise_conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias);

// Each picture of the batch with a kernel of its own: [B, out, C, kh, kw], bias [B, out]. SAME.
Tensor conv2d_each(const Tensor& x, const Tensor& kernels, const Tensor& biases);

// A kernel of its own at each place, zeros beyond the border: kernels [H, W, kh, kw, C, out], or one set
// for each picture [B, H, W, kh, kw, C, out].
Tensor local2d(const Tensor& x, const Tensor& kernels);
// The same for each channel by itself: [B, H, W, kh, kw, C].
Tensor local2d_channelwise(const Tensor& x, const Tensor& kernels);
// Kernels that are products of a column [H, W, kh, C, out] and a row [H, W, kw, C, out], or Kronecker
// products of smaller kernels [H, W, kh_i, kw_i, C, out].
Tensor separable_local2d(const Tensor& x, const Tensor& columns, const Tensor& rows);
Tensor kronecker_local2d(const Tensor& x, const std::vector<Tensor>& factors);

// Statistics over batch and picture, or over each picture; scale and offset [C].
Tensor batch_norm(const Tensor& x, const Tensor& scale, const Tensor& offset, double epsilon = 1e-5);
Tensor instance_norm(const Tensor& x, const Tensor& scale, const Tensor& offset, double epsilon = 1e-5);

// The first `length` steps of [T, ...], zeros after the last.
Tensor with_length(const Tensor& sequence, int64_t length);

}  // namespace savp::nn
