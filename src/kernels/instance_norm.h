// Instance norm and the activation behind it.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/lstm_gates.h"

namespace savp::kernels {

// Leaky ReLU by its slope below zero: 1 is no activation, 0 a ReLU.
struct InstanceNormOptions {
  double epsilon = 1e-5;
  double negative_slope = 1.0;
};

// x [B, C, H, W], statistics over H, W of each sample and channel -> as x. On a GPU one kernel forward
// and one backward, in float inside, for float and bfloat16, channels first or last; elsewhere
// LibTorch's operators.
at::Tensor instance_norm(const at::Tensor& x, const NormWeights& norm,
                         const InstanceNormOptions& options = {});

// The same, always of LibTorch's operators.
at::Tensor instance_norm_composed(const at::Tensor& x, const NormWeights& norm,
                                  const InstanceNormOptions& options = {});

// The loop over the GPU kernel's own arithmetic, on the CPU (float or bfloat16), with gradients: what tests
// compare with.
at::Tensor instance_norm_by_channel(const at::Tensor& x, const NormWeights& norm,
                                    const InstanceNormOptions& options = {});

}  // namespace savp::kernels
