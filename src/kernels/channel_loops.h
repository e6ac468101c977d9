// Where the channels of tensors are, for the kernels that work on one at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/host_device.h"
#include "kernels/parallel.h"

namespace savp::kernels {

// x [B, C, H, W] with its pixels at one distance from each other: channels first or last.
inline at::MemoryFormat channel_order(const at::Tensor& x) {
  return x.suggest_memory_format() == at::MemoryFormat::ChannelsLast ? at::MemoryFormat::ChannelsLast
                                                                     : at::MemoryFormat::Contiguous;
}

// Of what contiguous(channel_order(x)) gives.
inline Strides channel_strides(const at::Tensor& x) {
  const bool last = channel_order(x) == at::MemoryFormat::ChannelsLast;
  const int64_t channels = x.size(1), pixels = x.size(2) * x.size(3);
  return {channels * pixels, last ? 1 : pixels, last ? channels : 1};
}

// x itself where its pixels are at one distance from each other, as slices of channels-last tensors are, else
// a copy.
inline at::Tensor with_even_pixels(const at::Tensor& x, at::MemoryFormat order) {
  const bool even = x.size(2) == 1 || x.stride(2) == x.size(3) * x.stride(3);
  return even ? x : x.contiguous(order);
}
inline Strides even_strides(const at::Tensor& x) { return {x.stride(0), x.stride(1), x.stride(3)}; }

// body(work, sample, channel, team) for each channel of each sample, on the CPU.
template <class Work, class Body>
void each_channel_on_cpu(const Work& work, int64_t samples, int64_t channels, const Body& body) {
  parallel(samples * channels, /*grain=*/1, [&](int64_t begin, int64_t end) {
    OneThread alone;
    for (int64_t i = begin; i < end; ++i) body(work, i / channels, i % channels, alone);
  });
}

}  // namespace savp::kernels
