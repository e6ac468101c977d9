// What a convolutional LSTM does after its convolution, in one go.
#pragma once

#include <ATen/core/Tensor.h>

namespace savp::kernels {

// Scale and shift of an instance norm, each [channels].
struct NormWeights {
  at::Tensor gamma, beta;
};

struct LstmGatesOptions {
  double forget_bias = 1.0;
  double epsilon = 1e-5;  // of both norms
};

struct LstmState {
  at::Tensor hidden, cell;  // [B, F, H, W]
};

// The state after a step (Shi et al. 2015, eq. 3, without peepholes) whose gates [B, 4 F, H, W] and whose new
// cell are normalised over H, W of each sample and channel; the cell is carried on normalised. Gates are in
// TensorFlow's order: input, transform, forget, output. `cell` [B, F, H, W] is the last state's.
//
// On the CPU in float, where H W is a multiple of 16, one pass over the data does it all, and for the
// gradient only `gates` and `cell` are kept; on a GPU two kernels do, one for each direction; anything else
// is composed of LibTorch's operators.
LstmState lstm_gates(const at::Tensor& gates, const at::Tensor& cell, const NormWeights& gate_norm,
                     const NormWeights& cell_norm, const LstmGatesOptions& options = {});

// The same, always of LibTorch's operators.
LstmState lstm_gates_composed(const at::Tensor& gates, const at::Tensor& cell, const NormWeights& gate_norm,
                              const NormWeights& cell_norm, const LstmGatesOptions& options = {});

// The same by the arithmetic of the GPU's kernel, one pass a channel, on the GPU or, for tests, the CPU:
// gates in float or bfloat16, channels first or last, the hidden state of their type; the cell in float.
LstmState lstm_gates_by_channel(const at::Tensor& gates, const at::Tensor& cell, const NormWeights& gate_norm,
                                const NormWeights& cell_norm, const LstmGatesOptions& options = {});

}  // namespace savp::kernels
