// One channel of one sample of lstm_gates(), for a CPU's thread or a GPU's block.
#pragma once

#include "kernels/host_device.h"

namespace savp::kernels {

// Gates come in TensorFlow's order: input, transform, forget, output.
template <class T>
struct LstmGatesForward {
  int64_t filters, pixels;
  Strides gate_strides;  // of gates [samples, 4 filters, pixels]
  Strides strides;       // of cell, hidden and next [samples, filters, pixels]
  const T* gates;
  const float* cell;
  const float *gamma, *beta, *cell_gamma, *cell_beta;  // [4 filters], [filters]
  float forget_bias, epsilon;
  T* hidden;
  float* next;
  float* moments;  // [samples, filters, 10]: mean and 1 / deviation of each gate, then of the new cell
};

template <class T>
struct LstmGatesBackward {
  LstmGatesForward<T> forward;  // its outputs are not used, but moments are read
  const T* d_hidden;            // as `hidden` lies
  const float* d_next;
  T* d_gates;                    // as `gates` lies
  float* d_cell;                 // as `cell` lies
  float *d_gamma, *d_beta;            // [samples, 4 filters]
  float *d_cell_gamma, *d_cell_beta;  // [samples, filters]
};

// What one channel reads.
template <class T>
struct LstmChannel {
  const LstmGatesForward<T>& a;
  const T* gates[4];
  const float* cell;
  float gamma[4], beta[4];
  ChannelMoments moments[4];

  SAVP_HOST_DEVICE LstmChannel(const LstmGatesForward<T>& all, int64_t sample, int64_t filter)
      : a(all), cell(all.cell + all.strides.at(sample, filter)) {
    for (int k = 0; k < 4; ++k) {
      const int64_t row = k * all.filters + filter;
      gates[k] = all.gates + all.gate_strides.at(sample, row);
      gamma[k] = all.gamma[row];
      beta[k] = all.beta[row];
    }
  }
  SAVP_HOST_DEVICE float raw(int k, int64_t p) const {
    return static_cast<float>(gates[k][p * a.gate_strides.pixel]);
  }
  SAVP_HOST_DEVICE float unit(int k, int64_t p) const { return (raw(k, p) - moments[k].mean) * moments[k].scale; }
};

// A pixel's gates, opened.
struct LstmPixel {
  float unit[4], input, transform, forget, output, last;

  template <class T>
  SAVP_HOST_DEVICE LstmPixel(const LstmChannel<T>& c, int64_t p) {
    float z[4];
    for (int k = 0; k < 4; ++k) {
      unit[k] = c.unit(k, p);
      z[k] = unit[k] * c.gamma[k] + c.beta[k];
    }
    input = sigmoid_of(z[0]);
    transform = tanhf(z[1]);
    forget = sigmoid_of(z[2] + c.a.forget_bias);
    output = sigmoid_of(z[3]);
    last = c.cell[p * c.a.strides.pixel];
  }
  SAVP_HOST_DEVICE float raw() const { return last * forget + input * transform; }  // the cell before its norm
};

template <class T, class Team>
SAVP_HOST_DEVICE void lstm_gates_channel(const LstmGatesForward<T>& a, int64_t sample, int64_t filter, Team& team) {
  LstmChannel<T> c(a, sample, filter);
  for (int k = 0; k < 4; ++k)
    c.moments[k] = channel_moments(team, a.pixels, a.epsilon, [&](int64_t p) { return c.raw(k, p); });
  // The new cell waits in its place for its norm.
  T* hidden = a.hidden + a.strides.at(sample, filter);
  float* next = a.next + a.strides.at(sample, filter);
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) next[p * a.strides.pixel] = LstmPixel(c, p).raw();
  const ChannelMoments m =
      channel_moments(team, a.pixels, a.epsilon, [&](int64_t p) { return next[p * a.strides.pixel]; });
  const float gamma = a.cell_gamma[filter], beta = a.cell_beta[filter];
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const float cell = (next[p * a.strides.pixel] - m.mean) * m.scale * gamma + beta;
    next[p * a.strides.pixel] = cell;
    hidden[p * a.strides.pixel] =
        static_cast<T>(tanhf(cell) * sigmoid_of(c.unit(3, p) * c.gamma[3] + c.beta[3]));
  }
  if (!team.leader()) return;
  float* kept = a.moments + 10 * (sample * a.filters + filter);
  for (int k = 0; k < 4; ++k) {
    kept[2 * k] = c.moments[k].mean;
    kept[2 * k + 1] = c.moments[k].scale;
  }
  kept[8] = m.mean;
  kept[9] = m.scale;
}

template <class T, class Team>
SAVP_HOST_DEVICE void lstm_gates_channel(const LstmGatesBackward<T>& b, int64_t sample, int64_t filter, Team& team) {
  const auto& a = b.forward;
  LstmChannel<T> c(a, sample, filter);
  const int64_t place = sample * a.filters + filter, begin = a.strides.at(sample, filter);
  const float* kept = a.moments + 10 * place;
  for (int k = 0; k < 4; ++k) c.moments[k] = {kept[2 * k], kept[2 * k + 1]};
  const ChannelMoments m = {kept[8], kept[9]};
  const float gamma = a.cell_gamma[filter], beta = a.cell_beta[filter];
  const auto count = static_cast<float>(a.pixels);

  // The gradient that reaches the normalised cell.
  const auto d_normed = [&](const LstmPixel& x, float unit, int64_t p) {
    const float t = tanhf(unit * gamma + beta);
    const auto dh = static_cast<float>(b.d_hidden[begin + p * a.strides.pixel]);
    return b.d_next[begin + p * a.strides.pixel] + dh * x.output * (1.0F - t * t);
  };
  const auto cell_unit = [&](const LstmPixel& x) { return (x.raw() - m.mean) * m.scale; };
  float sum = 0.0F, sum_unit = 0.0F;
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const LstmPixel x(c, p);
    const float u = cell_unit(x), d = d_normed(x, u, p);
    sum += d;
    sum_unit += d * u;
  }
  sum = team.sum(sum);
  sum_unit = team.sum(sum_unit);

  // Gradients before the gates' functions; returns that of the cell before its norm.
  const auto d_gates = [&](const LstmPixel& x, int64_t p, float d[4]) {
    const float u = cell_unit(x);
    const float raw = m.scale * gamma * (d_normed(x, u, p) - (sum + u * sum_unit) / count);
    const auto dh = static_cast<float>(b.d_hidden[begin + p * a.strides.pixel]);
    d[0] = raw * x.transform * x.input * (1.0F - x.input);
    d[1] = raw * x.input * (1.0F - x.transform * x.transform);
    d[2] = raw * x.last * x.forget * (1.0F - x.forget);
    d[3] = dh * tanhf(u * gamma + beta) * x.output * (1.0F - x.output);
    return raw;
  };
  float sums[4] = {}, sums_unit[4] = {};
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const LstmPixel x(c, p);
    float d[4];
    d_gates(x, p, d);
    for (int k = 0; k < 4; ++k) {
      sums[k] += d[k];
      sums_unit[k] += d[k] * x.unit[k];
    }
  }
  for (int k = 0; k < 4; ++k) {
    sums[k] = team.sum(sums[k]);
    sums_unit[k] = team.sum(sums_unit[k]);
  }
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const LstmPixel x(c, p);
    float d[4];
    b.d_cell[begin + p * a.strides.pixel] = d_gates(x, p, d) * x.forget;
    for (int k = 0; k < 4; ++k)
      b.d_gates[a.gate_strides.at(sample, k * a.filters + filter) + p * a.gate_strides.pixel] = static_cast<T>(
          c.moments[k].scale * c.gamma[k] * (d[k] - (sums[k] + x.unit[k] * sums_unit[k]) / count));
  }
  if (!team.leader()) return;
  b.d_cell_beta[place] = sum;
  b.d_cell_gamma[place] = sum_unit;
  for (int k = 0; k < 4; ++k) {
    b.d_beta[sample * 4 * a.filters + k * a.filters + filter] = sums[k];
    b.d_gamma[sample * 4 * a.filters + k * a.filters + filter] = sums_unit[k];
  }
}

}  // namespace savp::kernels
