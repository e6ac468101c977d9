// The GPU's side of cdna() and blend(). Throw c10::Error where a launch fails; do not wait.
#pragma once

#include "kernels/blend_body.h"
#include "kernels/cdna_body.h"

namespace savp::kernels {

// On the current stream of the current device.
void cdna_cuda(const CdnaForward& work);
void cdna_cuda(const CdnaImageGradient& work);
void cdna_cuda(const CdnaKernelGradient& work);

// T: float or c10::BFloat16.
template <class T>
void blend_cuda(const BlendForward<T>& work);
template <class T>
void blend_cuda(const BlendBackward<T>& work);

}  // namespace savp::kernels
