// A block's threads as a team of host_device.h: blockDim.x = kChannels channels side by side, which lie side
// by side in memory where tensors are channels-last, and blockDim.y threads for the pixels of each.
#pragma once

#include <limits>

#include "kernels/host_device.h"

namespace savp::kernels {

constexpr int kBlockThreads = 1024;

template <int kChannels>
class BlockTeam {
 public:
  static constexpr int kMostSums = 8;
  static constexpr int kSharedFloats = kMostSums * kBlockThreads / 32 * kChannels;

  __device__ BlockTeam(bool active, float* shared) : active_(active), shared_(shared) {}

  __device__ int64_t first() const { return active_ ? threadIdx.y : std::numeric_limits<int64_t>::max(); }
  __device__ int64_t step() const { return blockDim.y; }
  __device__ bool leader() const { return active_ && threadIdx.y == 0; }

  // All threads of the block call it.
  template <int kCount>
  __device__ void sums(float (&x)[kCount]) {
    static_assert(kCount <= kMostSums);
    constexpr int kWarps = kBlockThreads / 32;
    const int thread = threadIdx.y * kChannels + threadIdx.x, warp = thread / 32;
    for (int i = 0; i < kCount; ++i) {
      for (int offset = 16; offset >= kChannels; offset /= 2)
        x[i] += __shfl_xor_sync(0xffffffffU, x[i], offset);
      if (thread % 32 < kChannels) shared_[(i * kWarps + warp) * kChannels + threadIdx.x] = x[i];
    }
    __syncthreads();
    for (int i = 0; i < kCount; ++i) {
      x[i] = 0.0F;
      for (int w = 0; w < kWarps; ++w) x[i] += shared_[(i * kWarps + w) * kChannels + threadIdx.x];
    }
    __syncthreads();
  }

 private:
  bool active_;
  float* shared_;
};

// body(work, sample, channel, team) for each channel of each sample.
template <int kChannels, class Work, class Body>
__global__ void __launch_bounds__(kBlockThreads) each_channel_kernel(Work work, int64_t channels, Body body) {
  __shared__ float shared[BlockTeam<kChannels>::kSharedFloats];
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * kChannels + threadIdx.x;
  const bool active = channel < channels;
  BlockTeam<kChannels> team(active, shared);
  body(work, blockIdx.y, active ? channel : channels - 1, team);
}

template <int kChannels, class Work, class Body>
void launch_channels(const Work& work, int64_t samples, int64_t channels, Body body, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((channels + kChannels - 1) / kChannels),
                  static_cast<unsigned>(samples));
  each_channel_kernel<kChannels>
      <<<grid, dim3(kChannels, kBlockThreads / kChannels), 0, stream>>>(work, channels, body);
}

// Channels side by side share a block where they are neighbours in memory, as many as fill a sector of it
// unless that leaves multiprocessors without work; elsewhere a channel has a block of its own.
template <class Work, class Body>
void each_channel(const Work& work, int64_t samples, int64_t channels, bool channels_last, Body body,
                  cudaStream_t stream) {
  constexpr int64_t kBlocksThatFillAGpu = 256;
  if (!channels_last)
    launch_channels<1>(work, samples, channels, body, stream);
  else if (samples * channels / 16 >= kBlocksThatFillAGpu)
    launch_channels<16>(work, samples, channels, body, stream);
  else
    launch_channels<8>(work, samples, channels, body, stream);
}

}  // namespace savp::kernels
