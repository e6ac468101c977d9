// One channel of one sample of instance_norm(), for a CPU's thread or a GPU's block.
#pragma once

#include "kernels/host_device.h"

namespace savp::kernels {

template <class T>
struct InstanceNormForward {
  int64_t channels, pixels;
  Strides strides;  // of x and y
  const T* x;
  const float *gamma, *beta;
  float epsilon, negative_slope;
  T* y;
  float* moments;  // [samples, channels, 2]: mean and 1 / deviation
};

template <class T>
struct InstanceNormBackward {
  int64_t channels, pixels;
  Strides strides;  // of x and dx
  Strides dy_strides;
  const T *x, *dy;
  const float *gamma, *beta, *moments;
  float negative_slope;
  T* dx;
  float *d_gamma, *d_beta;  // [samples, channels]
};

template <class T, class Team>
SAVP_HOST_DEVICE void instance_norm_channel(const InstanceNormForward<T>& a, int64_t sample, int64_t channel,
                                            Team& team) {
  const T* x = a.x + a.strides.at(sample, channel);
  T* y = a.y + a.strides.at(sample, channel);
  const auto value = [&](int64_t p) { return static_cast<float>(x[p * a.strides.pixel]); };
  ShiftedSums sums(value(0));
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) sums.add(value(p));
  float totals[] = {sums.sum, sums.squares};
  team.sums(totals);
  const ChannelMoments m =
      moments_of(sums.shift, totals[0], totals[1], static_cast<float>(a.pixels), a.epsilon);
  const float gamma = a.gamma[channel], beta = a.beta[channel];
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const float z = (value(p) - m.mean) * m.scale * gamma + beta;
    y[p * a.strides.pixel] = static_cast<T>(z > 0.0F ? z : z * a.negative_slope);
  }
  if (!team.leader()) return;
  float* kept = a.moments + 2 * (sample * a.channels + channel);
  kept[0] = m.mean;
  kept[1] = m.scale;
}

template <class T, class Team>
SAVP_HOST_DEVICE void instance_norm_channel(const InstanceNormBackward<T>& a, int64_t sample, int64_t channel,
                                            Team& team) {
  const int64_t place = sample * a.channels + channel, begin = a.strides.at(sample, channel);
  const T* dy = a.dy + a.dy_strides.at(sample, channel);
  const float mean = a.moments[2 * place], scale = a.moments[2 * place + 1];
  const float gamma = a.gamma[channel], beta = a.beta[channel];
  const auto unit = [&](int64_t p) {
    return (static_cast<float>(a.x[begin + p * a.strides.pixel]) - mean) * scale;
  };
  const auto gradient = [&](int64_t p, float u) {  // before the activation
    const auto d = static_cast<float>(dy[p * a.dy_strides.pixel]);
    return u * gamma + beta > 0.0F ? d : d * a.negative_slope;
  };
  float sums[2] = {};  // of the gradient, and of it with the unit
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const float u = unit(p), dz = gradient(p, u);
    sums[0] += dz;
    sums[1] += dz * u;
  }
  team.sums(sums);
  const auto count = static_cast<float>(a.pixels);
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const float u = unit(p), dz = gradient(p, u);
    a.dx[begin + p * a.strides.pixel] =
        static_cast<T>(scale * gamma * (dz - (sums[0] + u * sums[1]) / count));
  }
  if (!team.leader()) return;
  a.d_beta[place] = sums[0];
  a.d_gamma[place] = sums[1];
}

}  // namespace savp::kernels
