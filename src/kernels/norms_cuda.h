// The GPU's side of instance_norm() and lstm_gates(). Throw c10::Error where a launch fails; do not wait.
#pragma once

#include "kernels/instance_norm_body.h"
#include "kernels/lstm_gates_body.h"

namespace savp::kernels {

// On the current stream of the current device; T: float or c10::BFloat16.
template <class T>
void instance_norm_cuda(const InstanceNormForward<T>& work, int64_t samples);
template <class T>
void instance_norm_cuda(const InstanceNormBackward<T>& work, int64_t samples);
template <class T>
void lstm_gates_cuda(const LstmGatesForward<T>& work, int64_t samples);
template <class T>
void lstm_gates_cuda(const LstmGatesBackward<T>& work, int64_t samples);

}  // namespace savp::kernels
