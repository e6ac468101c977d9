// The GPU's side of cosine_distance(). Throw c10::Error where a launch fails; do not wait.
#pragma once

#include "kernels/cosine_body.h"

namespace savp::kernels {

// On the current stream of the current device; T: float or c10::BFloat16.
template <class T>
void cosine_cuda(const CosineForward<T>& work);
template <class T>
void cosine_cuda(const CosineBackward<T>& work);

}  // namespace savp::kernels
