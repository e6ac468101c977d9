#include "models/dna.h"

namespace savp {
namespace {

AdvectionWiring wiring(const DnaHparams& hp, const VideoShape& shape) {
  AdvectionWiring w{.half = {32, 32}, .quarter = {64, 64}, .eighth = 128, .up_quarter = 64, .up_half = 32};
  w.transform = {.kernel_size = hp.kernel_size, .estimated = hp.num_masks, .used = hp.num_masks};
  w.see(shape);
  return w;
}

}  // namespace

DnaGenerator::DnaGenerator(const DnaHparams& hp, const VideoShape& shape)
    : AdvectionGenerator(hp, shape, wiring(hp, shape)) {}

}  // namespace savp
