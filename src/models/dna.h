// Dynamic neural advection (Finn, Goodfellow and Levine 2016, arXiv 1605.07157), in its three forms: dna,
// cdna, stp.
#pragma once

#include "models/advection.h"

namespace savp {

struct DnaHparams : AdvectionHparams {
  using Self = DnaHparams;
  HPARAM(Size2, kernel_size, (Size2{9, 9}), "cdna and dna kernels: height, width (pixels)",
         (Between{1, limits::kTaps}));
};

class DnaGenerator : public AdvectionGenerator {
 public:
  DnaGenerator(const DnaHparams& hparams, const VideoShape& shape);
};

}  // namespace savp
