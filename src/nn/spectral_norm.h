// Spectral normalisation (Miyato et al. 2018).
#pragma once

#include <torch/nn/module.h>

#include "core/video.h"

namespace savp::nn {

struct SpectralWeight {
  Tensor weight;  // of norm about 1, differentiable through the power iteration, as in the published code
  Tensor u;       // [1, out], the next power-iteration vector, detached
};

// weight [out, ...] (dense: pass it transposed), u [1, out]: one step of the power iteration (or more).
SpectralWeight spectral_normalize(const Tensor& weight, const Tensor& u, int64_t iterations = 1);

}  // namespace savp::nn
