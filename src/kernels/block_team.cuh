// A block's threads as a team of host_device.h: blockDim.x = kChannels channels side by side, which lie side by side in
// memory where tensors are channels-last, and blockDim.y threads for the pixels of each.
#pragma once

#include <limits>

#include "kernels/host_device.h"

namespace savp::kernels {

constexpr int kBlockThreads = 512;

template <int kChannels>
class BlockTeam {
 public:
  // shared: kBlockThreads / 32 * kChannels floats.
  __device__ BlockTeam(bool active, float* shared) : active_(active), shared_(shared) {}

  __device__ int64_t first() const { return active_ ? threadIdx.y : std::numeric_limits<int64_t>::max(); }
  __device__ int64_t step() const { return blockDim.y; }
  __device__ bool leader() const { return active_ && threadIdx.y == 0; }

  // All threads of the block call it.
  __device__ float sum(float x) {
    constexpr int kWarps = kBlockThreads / 32;
    for (int offset = 16; offset >= kChannels; offset /= 2) x += __shfl_xor_sync(0xffffffffU, x, offset);
    const int thread = threadIdx.y * kChannels + threadIdx.x, warp = thread / 32;
    if (thread % 32 < kChannels) shared_[warp * kChannels + threadIdx.x] = x;
    __syncthreads();
    float total = 0.0F;
    for (int w = 0; w < kWarps; ++w) total += shared_[w * kChannels + threadIdx.x];
    __syncthreads();
    return total;
  }

 private:
  bool active_;
  float* shared_;
};

// body(work, sample, channel, team) for each channel of each sample.
template <int kChannels, class Work, class Body>
__global__ void each_channel_kernel(Work work, int64_t channels, Body body) {
  __shared__ float shared[kBlockThreads / 32 * kChannels];
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * kChannels + threadIdx.x;
  const bool active = channel < channels;
  BlockTeam<kChannels> team(active, shared);
  body(work, blockIdx.y, active ? channel : channels - 1, team);
}

// Channels side by side share a block where they are neighbours in memory; elsewhere a channel has one of its own.
template <class Work, class Body>
void each_channel(const Work& work, int64_t samples, int64_t channels, bool channels_last, Body body,
                  cudaStream_t stream) {
  if (channels_last) {
    constexpr int kChannels = 16;  // of bfloat16: one sector of memory
    const dim3 grid(static_cast<unsigned>((channels + kChannels - 1) / kChannels), static_cast<unsigned>(samples));
    each_channel_kernel<kChannels><<<grid, dim3(kChannels, kBlockThreads / kChannels), 0, stream>>>(work, channels, body);
  } else {
    const dim3 grid(static_cast<unsigned>(channels), static_cast<unsigned>(samples));
    each_channel_kernel<1><<<grid, dim3(1, kBlockThreads), 0, stream>>>(work, channels, body);
  }
}

}  // namespace savp::kernels
