// Prediction with skip connections in time (Ebert et al. 2017, arXiv 1710.05268): as dna, smaller, and the
// first frame is at hand to compose from, so that what was hidden for a while can be shown again.
#pragma once

#include "models/advection.h"

namespace savp {

struct SnaHparams : AdvectionHparams {
  using Self = SnaHparams;
  HPARAM(int64_t, ngf, 16, "filters of the first LSTM", (Between{1, limits::kFilters}));
  HPARAM(Size2, kernel_size, (Size2{5, 5}), "cdna and dna kernels: height, width (pixels)",
         (Between{1, limits::kTaps}));
  HPARAM(bool, first_image_background, true, "compose with the first frame instead of the previous one");
  HPARAM(bool, generate_scratch_image, true, "compose with a frame made from nothing (not with dna)");
};

class SnaGenerator : public AdvectionGenerator {
 public:
  SnaGenerator(const SnaHparams& hparams, const VideoShape& shape);
};

}  // namespace savp
