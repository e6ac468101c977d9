// What a GPU's kernel and the loop that tests it on a CPU have in common.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define SAVP_HOST_DEVICE __host__ __device__
#else
#define SAVP_HOST_DEVICE
#endif
#ifdef __CUDA_ARCH__
#define SAVP_UNROLL _Pragma("unroll 4")  // so that several loads are under way
#else
#define SAVP_UNROLL
#endif

namespace savp::kernels {

// Where an element is, in elements from the start: sample * s.sample + channel * s.channel + pixel * s.pixel.
// Says both how channels-first and how channels-last tensors lie in memory.
struct Strides {
  int64_t sample, channel, pixel;
  SAVP_HOST_DEVICE int64_t at(int64_t s, int64_t c) const { return s * sample + c * channel; }
};

// Threads that share one channel of one sample: each takes every step()-th pixel from first() on, sums() adds
// what all of them have, for kCount numbers at once, and one of them is the leader, who writes what there is
// once. On the CPU there is one.
struct OneThread {
  int64_t first() const { return 0; }
  int64_t step() const { return 1; }
  template <int kCount>
  void sums(float (&)[kCount]) const {}
  bool leader() const { return true; }
};

SAVP_HOST_DEVICE inline float sigmoid_of(float x) { return 1.0F / (1.0F + expf(-x)); }

struct ChannelMoments {
  float mean, scale;  // scale = 1 / sqrt(variance + epsilon)
};

// Sums of numbers and of their squares, both around a number that is near them, so that little cancels.
struct ShiftedSums {
  float shift, sum = 0.0F, squares = 0.0F;

  SAVP_HOST_DEVICE explicit ShiftedSums(float near) : shift(near) {}
  SAVP_HOST_DEVICE void add(float x) {
    const float away = x - shift;
    sum += away;
    squares += away * away;
  }
};

SAVP_HOST_DEVICE inline ChannelMoments moments_of(float shift, float sum, float squares, float count,
                                                  float epsilon) {
  const float mean = sum / count;
  return {shift + mean, 1.0F / sqrtf(fmaxf(squares / count - mean * mean, 0.0F) + epsilon)};
}

}  // namespace savp::kernels
