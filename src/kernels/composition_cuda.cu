#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/BFloat16.h>

#include "kernels/block_team.cuh"
#include "kernels/composition_cuda.h"

namespace savp::kernels {
namespace {

template <class Work>
__global__ void each_position_kernel(Work work, int64_t count) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index < count) work(static_cast<int>(index));
}

// A thread for each of work's positions.
template <class Work>
void each_position(const Work& work) {
  constexpr int64_t kThreads = 256;
  const int64_t count = work.size();
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  each_position_kernel<<<blocks, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(work, count);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

struct KernelRow {
  template <class Work, class Team>
  __device__ void operator()(const Work& work, int64_t sample, int64_t row, Team& team) const {
    work(static_cast<int>(sample), static_cast<int>(row), team);
  }
};

}  // namespace

void cdna_cuda(const CdnaForward& work) { each_position(work); }
void cdna_cuda(const CdnaImageGradient& work) { each_position(work); }
void cdna_cuda(const CdnaKernelGradient& work) {
  each_channel(work, work.shape.samples, work.shape.count * work.shape.rows.taps, /*channels_last=*/false,
               KernelRow(), c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template <class T>
void blend_cuda(const BlendForward<T>& work) {
  each_position(work);
}
template <class T>
void blend_cuda(const BlendBackward<T>& work) {
  each_position(work);
}

template void blend_cuda(const BlendForward<float>&);
template void blend_cuda(const BlendForward<c10::BFloat16>&);
template void blend_cuda(const BlendBackward<float>&);
template void blend_cuda(const BlendBackward<c10::BFloat16>&);

}  // namespace savp::kernels
