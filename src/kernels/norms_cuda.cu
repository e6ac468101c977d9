#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/BFloat16.h>

#include "kernels/block_team.cuh"
#include "kernels/norms_cuda.h"

namespace savp::kernels {
namespace {

struct InstanceNormChannel {
  template <class Work, class Team>
  __device__ void operator()(const Work& work, int64_t sample, int64_t channel, Team& team) const {
    instance_norm_channel(work, sample, channel, team);
  }
};

struct LstmGatesChannel {
  template <class Work, class Team>
  __device__ void operator()(const Work& work, int64_t sample, int64_t channel, Team& team) const {
    lstm_gates_channel(work, sample, channel, team);
  }
};

template <class Work>
void norm(const Work& work, int64_t samples) {
  each_channel(work, samples, work.channels, work.strides.channel == 1, InstanceNormChannel(),
               c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template <class Work>
void gates(const Work& work, int64_t samples, int64_t filters, const Strides& strides) {
  each_channel(work, samples, filters, strides.channel == 1, LstmGatesChannel(),
               c10::cuda::getCurrentCUDAStream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace

template <class T>
void instance_norm_cuda(const InstanceNormForward<T>& work, int64_t samples) {
  norm(work, samples);
}
template <class T>
void instance_norm_cuda(const InstanceNormBackward<T>& work, int64_t samples) {
  norm(work, samples);
}
template <class T>
void lstm_gates_cuda(const LstmGatesForward<T>& work, int64_t samples) {
  gates(work, samples, work.filters, work.strides);
}
template <class T>
void lstm_gates_cuda(const LstmGatesBackward<T>& work, int64_t samples) {
  gates(work, samples, work.forward.filters, work.forward.strides);
}

template void instance_norm_cuda(const InstanceNormForward<float>&, int64_t);
template void instance_norm_cuda(const InstanceNormForward<c10::BFloat16>&, int64_t);
template void instance_norm_cuda(const InstanceNormBackward<float>&, int64_t);
template void instance_norm_cuda(const InstanceNormBackward<c10::BFloat16>&, int64_t);
template void lstm_gates_cuda(const LstmGatesForward<float>&, int64_t);
template void lstm_gates_cuda(const LstmGatesForward<c10::BFloat16>&, int64_t);
template void lstm_gates_cuda(const LstmGatesBackward<float>&, int64_t);
template void lstm_gates_cuda(const LstmGatesBackward<c10::BFloat16>&, int64_t);

}  // namespace savp::kernels
