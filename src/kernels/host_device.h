// What a GPU's kernel and the loop that tests it on a CPU have in common.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define SAVP_HOST_DEVICE __host__ __device__
#else
#define SAVP_HOST_DEVICE
#endif

namespace savp::kernels {

// Where an element is, in elements from the start: sample * s.sample + channel * s.channel + pixel * s.pixel. Says both
// how channels-first and how channels-last tensors lie in memory.
struct Strides {
  int64_t sample, channel, pixel;
  SAVP_HOST_DEVICE int64_t at(int64_t s, int64_t c) const { return s * sample + c * channel; }
};

// Threads that share one channel of one sample: each takes every step()-th pixel from first() on, sum() adds what all
// of them have, and one of them is the leader, who writes what there is once. On the CPU there is one.
struct OneThread {
  int64_t first() const { return 0; }
  int64_t step() const { return 1; }
  float sum(float x) const { return x; }
  bool leader() const { return true; }
};

SAVP_HOST_DEVICE inline float sigmoid_of(float x) { return 1.0F / (1.0F + expf(-x)); }

struct ChannelMoments {
  float mean, scale;  // scale = 1 / sqrt(variance + epsilon)
};

// Of value(p) over all pixels; the variance is taken around the mean, so that nothing cancels.
template <class Team, class Value>
SAVP_HOST_DEVICE ChannelMoments channel_moments(Team& team, int64_t pixels, float epsilon, const Value& value) {
  const auto count = static_cast<float>(pixels);
  float total = 0.0F, squares = 0.0F;
  for (int64_t p = team.first(); p < pixels; p += team.step()) total += value(p);
  const float mean = team.sum(total) / count;
  for (int64_t p = team.first(); p < pixels; p += team.step()) {
    const float away = value(p) - mean;
    squares += away * away;
  }
  return {mean, 1.0F / sqrtf(team.sum(squares) / count + epsilon)};
}

}  // namespace savp::kernels
