#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/BFloat16.h>

#include <algorithm>

#include "kernels/biased_relu_cuda.h"

namespace savp::kernels {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void __launch_bounds__(kThreads) forward(BiasedRelu<T> a) {
  const int64_t packs = a.channels / kReluWidth<T>, all = a.rows * packs;
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < all; i += int64_t{gridDim.x} * kThreads)
    biased_relu_pack(a, i / packs, i % packs * kReluWidth<T>);
}

// Blocks side by side take every gridDim.x-th group of rows; blockDim.x packs of channels and blockDim.y rows
// a block.
template <class T>
__global__ void __launch_bounds__(kThreads) backward(BiasedReluBackward<T> a) {
  constexpr int kWidth = kReluWidth<T>;
  __shared__ float shared[kThreads * kWidth];
  const int64_t channel = (blockIdx.y * int64_t{blockDim.x} + threadIdx.x) * kWidth;
  float sums[kWidth] = {};
  if (channel < a.channels)
    for (int64_t row = blockIdx.x * int64_t{blockDim.y} + threadIdx.y; row < a.rows;
         row += int64_t{gridDim.x} * blockDim.y)
      biased_relu_pack(a, row, channel, sums);
  float* mine = shared + (threadIdx.y * blockDim.x + threadIdx.x) * kWidth;
  for (int i = 0; i < kWidth; ++i) mine[i] = sums[i];
  __syncthreads();
  for (unsigned half = blockDim.y / 2; half > 0; half /= 2) {
    if (threadIdx.y < half)
      for (int i = 0; i < kWidth; ++i) mine[i] += mine[half * blockDim.x * kWidth + i];
    __syncthreads();
  }
  if (threadIdx.y == 0 && channel < a.channels)
    for (int i = 0; i < kWidth; ++i) a.d_bias[blockIdx.x * a.channels + channel + i] = mine[i];
}

}  // namespace

template <class T>
void biased_relu_cuda(const BiasedRelu<T>& work) {
  const int64_t all = work.rows * work.channels / kReluWidth<T>;
  const auto blocks = std::min<int64_t>((all + kThreads - 1) / kThreads, 132 * 16);
  forward<<<static_cast<unsigned>(blocks), kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(work);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template <class T>
void biased_relu_cuda(const BiasedReluBackward<T>& work, int64_t parts) {
  unsigned width = 1;  // packs side by side, a power of 2
  while (width < 32 && width * kReluWidth<T> < work.channels) width *= 2;
  const int64_t across = width * kReluWidth<T>;
  const dim3 grid(static_cast<unsigned>(parts), static_cast<unsigned>((work.channels + across - 1) / across));
  backward<<<grid, dim3(width, kThreads / width), 0, c10::cuda::getCurrentCUDAStream()>>>(work);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template void biased_relu_cuda(const BiasedRelu<float>&);
template void biased_relu_cuda(const BiasedRelu<c10::BFloat16>&);
template void biased_relu_cuda(const BiasedReluBackward<float>&, int64_t);
template void biased_relu_cuda(const BiasedReluBackward<c10::BFloat16>&, int64_t);

}  // namespace savp::kernels
