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
  const T* d_hidden;
  Strides d_hidden_strides;
  const float* d_next;                // as `next` lies
  T* d_gates;                         // as `gates` lies
  float* d_cell;                      // as `cell` lies
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
  SAVP_HOST_DEVICE float unit(int k, int64_t p) const {
    return (raw(k, p) - moments[k].mean) * moments[k].scale;
  }
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
  SAVP_HOST_DEVICE float raw() const {
    return last * forget + input * transform;
  }  // the cell before its norm
};

template <class T, class Team>
SAVP_HOST_DEVICE void lstm_gates_channel(const LstmGatesForward<T>& a, int64_t sample, int64_t filter,
                                         Team& team) {
  LstmChannel<T> c(a, sample, filter);
  const auto count = static_cast<float>(a.pixels);
  ShiftedSums gates[] = {ShiftedSums(c.raw(0, 0)), ShiftedSums(c.raw(1, 0)), ShiftedSums(c.raw(2, 0)),
                         ShiftedSums(c.raw(3, 0))};
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step())
    for (int k = 0; k < 4; ++k) gates[k].add(c.raw(k, p));
  float totals[8];
  for (int k = 0; k < 4; ++k) {
    totals[k] = gates[k].sum;
    totals[4 + k] = gates[k].squares;
  }
  team.sums(totals);
  for (int k = 0; k < 4; ++k)
    c.moments[k] = moments_of(gates[k].shift, totals[k], totals[4 + k], count, a.epsilon);

  // The new cell waits in its place for its norm.
  T* hidden = a.hidden + a.strides.at(sample, filter);
  float* next = a.next + a.strides.at(sample, filter);
  ShiftedSums cell_sums(LstmPixel(c, 0).raw());
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const float raw = LstmPixel(c, p).raw();
    next[p * a.strides.pixel] = raw;
    cell_sums.add(raw);
  }
  float cell_totals[] = {cell_sums.sum, cell_sums.squares};
  team.sums(cell_totals);
  const ChannelMoments m = moments_of(cell_sums.shift, cell_totals[0], cell_totals[1], count, a.epsilon);
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
SAVP_HOST_DEVICE void lstm_gates_channel(const LstmGatesBackward<T>& b, int64_t sample, int64_t filter,
                                         Team& team) {
  const auto& a = b.forward;
  LstmChannel<T> c(a, sample, filter);
  const int64_t place = sample * a.filters + filter, begin = a.strides.at(sample, filter);
  const float* kept = a.moments + 10 * place;
  for (int k = 0; k < 4; ++k) c.moments[k] = {kept[2 * k], kept[2 * k + 1]};
  const ChannelMoments m = {kept[8], kept[9]};
  const float gamma = a.cell_gamma[filter], beta = a.cell_beta[filter];
  const auto count = static_cast<float>(a.pixels);

  const T* d_hidden_at = b.d_hidden + b.d_hidden_strides.at(sample, filter);
  const auto d_hidden = [&](int64_t p) {
    return static_cast<float>(d_hidden_at[p * b.d_hidden_strides.pixel]);
  };
  // The gradient that reaches the normalised cell.
  const auto d_normed = [&](const LstmPixel& x, float unit, int64_t p) {
    const float t = tanhf(unit * gamma + beta);
    const float dh = d_hidden(p);
    return b.d_next[begin + p * a.strides.pixel] + dh * x.output * (1.0F - t * t);
  };
  const auto cell_unit = [&](const LstmPixel& x) { return (x.raw() - m.mean) * m.scale; };
  float cell_sums[2] = {};  // of that gradient, and of it with the unit
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const LstmPixel x(c, p);
    const float u = cell_unit(x), d = d_normed(x, u, p);
    cell_sums[0] += d;
    cell_sums[1] += d * u;
  }
  team.sums(cell_sums);

  // Gradients before the gates' functions; returns that of the cell before its norm.
  const auto d_gates = [&](const LstmPixel& x, int64_t p, float d[4]) {
    const float u = cell_unit(x);
    const float raw = m.scale * gamma * (d_normed(x, u, p) - (cell_sums[0] + u * cell_sums[1]) / count);
    d[0] = raw * x.transform * x.input * (1.0F - x.input);
    d[1] = raw * x.input * (1.0F - x.transform * x.transform);
    d[2] = raw * x.last * x.forget * (1.0F - x.forget);
    d[3] = d_hidden(p) * tanhf(u * gamma + beta) * x.output * (1.0F - x.output);
    return raw;
  };
  float sums[8] = {};  // of each gate's gradient, and of it with the unit
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const LstmPixel x(c, p);
    float d[4];
    d_gates(x, p, d);
    for (int k = 0; k < 4; ++k) {
      sums[k] += d[k];
      sums[4 + k] += d[k] * x.unit[k];
    }
  }
  team.sums(sums);
  SAVP_UNROLL
  for (int64_t p = team.first(); p < a.pixels; p += team.step()) {
    const LstmPixel x(c, p);
    float d[4];
    b.d_cell[begin + p * a.strides.pixel] = d_gates(x, p, d) * x.forget;
    for (int k = 0; k < 4; ++k)
      b.d_gates[a.gate_strides.at(sample, k * a.filters + filter) + p * a.gate_strides.pixel] =
          static_cast<T>(c.moments[k].scale * c.gamma[k] *
                         (d[k] - (sums[k] + x.unit[k] * sums[4 + k]) / count));
  }
  if (!team.leader()) return;
  b.d_cell_beta[place] = cell_sums[0];
  b.d_cell_gamma[place] = cell_sums[1];
  for (int k = 0; k < 4; ++k) {
    b.d_beta[sample * 4 * a.filters + k * a.filters + filter] = sums[k];
    b.d_gamma[sample * 4 * a.filters + k * a.filters + filter] = sums[4 + k];
  }
}

}  // namespace savp::kernels
