// The GPU's side of biased_relu(). On the current stream; throws c10::Error where a launch fails.
#pragma once

#include "kernels/biased_relu_body.h"

namespace savp::kernels {

constexpr int64_t kMostReluParts = 528;  // four blocks for each multiprocessor of an H100

// T: float or c10::BFloat16.
template <class T>
void biased_relu_cuda(const BiasedRelu<T>& work);
// parts: rows of d_bias, at most kMostReluParts.
template <class T>
void biased_relu_cuda(const BiasedReluBackward<T>& work, int64_t parts);

}  // namespace savp::kernels
