// The loops of lstm_gates() that depend on the instruction set: lstm_gates_kernels.inc is compiled once for
// each. Pointers and sizes only.
#pragma once

#include <cstdint>

namespace savp::kernels {

// Gates come in TensorFlow's order: input, transform, forget, output.
struct LstmGates {
  int64_t filters, pixels;              // pixels is a multiple of `lanes`
  const float* gates;                   // [B, 4 filters, pixels], before their norm
  const float* cell;                    // [B, filters, pixels]
  const float *gamma, *beta;            // [4 filters]
  const float *cell_gamma, *cell_beta;  // [filters]
  float forget_bias, epsilon;
  float* moments;  // [B, filters, kLstmMoments]: mean and 1 / deviation of each gate, then of the new cell
};
constexpr int64_t kLstmMoments = 10;

struct LstmOutputs {
  float *hidden, *cell;  // [B, filters, pixels]
};

struct LstmGradients {
  const float *hidden, *new_cell;  // with respect to the outputs
  float *gates, *cell;             // with respect to the inputs
  float *gamma, *beta;             // [B, 4 filters], for each sample
  float *cell_gamma, *cell_beta;   // [B, filters]
};

struct LstmGatesKernels {
  int64_t lanes;
  // One channel of one sample: channel = sample * filters + filter. scratch: 6 * pixels floats.
  void (*forward)(const LstmGates&, const LstmOutputs&, int64_t channel, float* scratch);
  void (*backward)(const LstmGates&, const LstmGradients&, int64_t channel, float* scratch);
};

const LstmGatesKernels& lstm_gates_avx512();
const LstmGatesKernels& lstm_gates_avx2();

}  // namespace savp::kernels
