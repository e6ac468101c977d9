// biased_relu() of rows of channels, for a CPU's thread or a GPU's.
#pragma once

#include "kernels/host_device.h"

namespace savp::kernels {

// Channels that a thread takes at once: 16 bytes.
template <class T>
constexpr int kReluWidth = 16 / sizeof(T);

template <class T>
struct alignas(16) ReluPack {
  T at[kReluWidth<T>];
};

// rows x channels, channels a multiple of kReluWidth.
template <class T>
struct BiasedRelu {
  int64_t rows, channels;
  const T* x;
  const float* bias;
  float negative_slope;
  T* y;
};

template <class T>
struct BiasedReluBackward {
  int64_t rows, channels;
  const T *y, *dy;
  float negative_slope;
  T* dx;
  float* d_bias;  // [parts, channels]: sums over the rows of each part
};

template <class T>
SAVP_HOST_DEVICE void biased_relu_pack(const BiasedRelu<T>& a, int64_t row, int64_t channel) {
  const auto x = *reinterpret_cast<const ReluPack<T>*>(a.x + row * a.channels + channel);
  ReluPack<T> y;
  for (int i = 0; i < kReluWidth<T>; ++i) {
    const float z = static_cast<float>(x.at[i]) + a.bias[channel + i];
    y.at[i] = static_cast<T>(z > 0.0F ? z : z * a.negative_slope);
  }
  *reinterpret_cast<ReluPack<T>*>(a.y + row * a.channels + channel) = y;
}

// Adds the gradients to sums.
template <class T>
SAVP_HOST_DEVICE void biased_relu_pack(const BiasedReluBackward<T>& a, int64_t row, int64_t channel,
                                       float (&sums)[kReluWidth<T>]) {
  const int64_t begin = row * a.channels + channel;
  const auto y = *reinterpret_cast<const ReluPack<T>*>(a.y + begin);
  const auto dy = *reinterpret_cast<const ReluPack<T>*>(a.dy + begin);
  ReluPack<T> dx;
  for (int i = 0; i < kReluWidth<T>; ++i) {
    const auto d = static_cast<float>(dy.at[i]);
    const float dz = static_cast<float>(y.at[i]) > 0.0F ? d : d * a.negative_slope;
    dx.at[i] = static_cast<T>(dz);
    sums[i] += dz;
  }
  *reinterpret_cast<ReluPack<T>*>(a.dx + begin) = dx;
}

}  // namespace savp::kernels
