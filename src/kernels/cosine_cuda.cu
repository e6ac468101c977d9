#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/BFloat16.h>

#include "kernels/cosine_cuda.h"

namespace savp::kernels {
namespace {

constexpr int kThreads = 256;

// A team of host_device.h whose threads are a part of a warp, one for each position's every
// kLanes-th channel.
template <int kLanes>
class Lanes {
 public:
  __device__ int64_t first() const { return threadIdx.x % kLanes; }
  __device__ int64_t step() const { return kLanes; }
  __device__ bool leader() const { return threadIdx.x % kLanes == 0; }
  template <int kCount>
  __device__ void sums(float (&x)[kCount]) const {  // all threads of the warp call it
    for (int i = 0; i < kCount; ++i)
      for (int offset = kLanes / 2; offset > 0; offset /= 2)
        x[i] += __shfl_xor_sync(0xffffffffU, x[i], offset);
  }
};

template <int kLanes, class Work>
__global__ void each_vector_kernel(Work work) {
  const int64_t position = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / kLanes;
  if (position >= work.size()) return;  // a whole warp, or one without teams
  Lanes<kLanes> team;
  work(position, team);
}

template <int kLanes, class Work>
void each_vector(const Work& work) {
  const int64_t threads = work.size() * kLanes;
  const auto blocks = static_cast<unsigned>((threads + kThreads - 1) / kThreads);
  each_vector_kernel<kLanes><<<blocks, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(work);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

// Neighbours in memory are read by neighbours among the threads: channels by a warp, or positions by a
// thread each.
template <class Work>
void by_layout(const Work& work) {
  work.features.strides.channel == 1 ? each_vector<32>(work) : each_vector<1>(work);
}

}  // namespace

template <class T>
void cosine_cuda(const CosineForward<T>& work) {
  by_layout(work);
}
template <class T>
void cosine_cuda(const CosineBackward<T>& work) {
  by_layout(work);
}

template void cosine_cuda(const CosineForward<float>&);
template void cosine_cuda(const CosineForward<c10::BFloat16>&);
template void cosine_cuda(const CosineBackward<float>&);
template void cosine_cuda(const CosineBackward<c10::BFloat16>&);

}  // namespace savp::kernels
