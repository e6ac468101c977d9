// A position of cosine_distance() and of its gradient, for a CPU's thread or a GPU's warp.
#pragma once

#include "kernels/host_device.h"

namespace savp::kernels {

template <class T>
struct CosineFeatures {
  int64_t samples, channels, pixels;
  Strides strides;  // of both
  const T *a, *b;
  float share;  // of a position in the mean, halved
  SAVP_HOST_DEVICE int64_t size() const { return samples * pixels; }
};

// A position's two vectors, scaled to unit length.
template <class T>
struct CosinePair {
  const T *a, *b;
  int64_t stride;
  float length_a, length_b;

  SAVP_HOST_DEVICE CosinePair(const CosineFeatures<T>& f, int64_t position) : stride(f.strides.channel) {
    const int64_t begin = f.strides.at(position / f.pixels, 0) + position % f.pixels * f.strides.pixel;
    a = f.a + begin;
    b = f.b + begin;
  }
  SAVP_HOST_DEVICE float a_at(int64_t c) const { return static_cast<float>(a[c * stride]); }
  SAVP_HOST_DEVICE float b_at(int64_t c) const { return static_cast<float>(b[c * stride]); }
  static SAVP_HOST_DEVICE float scale(float length) { return 1.0F / (length + 1e-10F); }
  SAVP_HOST_DEVICE float difference(int64_t c) const {
    return a_at(c) * scale(length_a) - b_at(c) * scale(length_b);
  }
};

template <class T>
struct CosineForward {
  CosineFeatures<T> features;
  float* distances;  // [samples * pixels]: their sum is the distance
  float* lengths;    // [samples * pixels, 2]

  // The team shares the channels.
  SAVP_HOST_DEVICE int64_t size() const { return features.size(); }
  template <class Team>
  SAVP_HOST_DEVICE void operator()(int64_t position, Team& team) const {
    CosinePair<T> pair(features, position);
    float squares[2] = {}, distance[1] = {};
    for (int64_t c = team.first(); c < features.channels; c += team.step()) {
      squares[0] += pair.a_at(c) * pair.a_at(c);
      squares[1] += pair.b_at(c) * pair.b_at(c);
    }
    team.sums(squares);
    pair.length_a = sqrtf(squares[0]);
    pair.length_b = sqrtf(squares[1]);
    for (int64_t c = team.first(); c < features.channels; c += team.step())
      distance[0] += pair.difference(c) * pair.difference(c);
    team.sums(distance);
    if (!team.leader()) return;
    distances[position] = distance[0] * features.share;
    lengths[2 * position] = pair.length_a;
    lengths[2 * position + 1] = pair.length_b;
  }
};

template <class T>
struct CosineBackward {
  CosineFeatures<T> features;
  const float* lengths;
  const float* gradient;  // of the distance: one number
  T *d_a, *d_b;           // as a and b lie; null: not wanted

  SAVP_HOST_DEVICE int64_t size() const { return features.size(); }
  template <class Team>
  SAVP_HOST_DEVICE void operator()(int64_t position, Team& team) const {
    CosinePair<T> pair(features, position);
    pair.length_a = lengths[2 * position];
    pair.length_b = lengths[2 * position + 1];
    float along[2] = {};  // of the difference, a and b
    for (int64_t c = team.first(); c < features.channels; c += team.step()) {
      along[0] += pair.difference(c) * pair.a_at(c);
      along[1] += pair.difference(c) * pair.b_at(c);
    }
    team.sums(along);
    const float factor = 2.0F * features.share * *gradient;
    const float scale_a = pair.scale(pair.length_a), scale_b = pair.scale(pair.length_b);
    const float back_a = pair.length_a > 0.0F ? along[0] * scale_a * scale_a / pair.length_a : 0.0F;
    const float back_b = pair.length_b > 0.0F ? along[1] * scale_b * scale_b / pair.length_b : 0.0F;
    const int64_t begin = pair.a - features.a;
    for (int64_t c = team.first(); c < features.channels; c += team.step()) {
      const float difference = pair.difference(c);
      const int64_t place = begin + c * features.strides.channel;
      const float of_a = factor * (difference * scale_a - pair.a_at(c) * back_a);
      const float of_b = factor * (pair.b_at(c) * back_b - difference * scale_b);
      if (d_a != nullptr) d_a[place] = static_cast<T>(of_a);
      if (d_b != nullptr) d_b[place] = static_cast<T>(of_b);
    }
  }
};

}  // namespace savp::kernels
