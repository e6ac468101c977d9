// The GPU's side of cdna(). Throw c10::Error where a launch fails; do not wait.
#pragma once

#include "kernels/cdna_body.h"

namespace savp::kernels {

// On the current stream of the current device.
void cdna_cuda(const CdnaForward& work);
void cdna_cuda(const CdnaImageGradient& work);
void cdna_cuda(const CdnaKernelGradient& work);

}  // namespace savp::kernels
