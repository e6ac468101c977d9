#include "records/planes.h"

#include "core/instructions.h"

#define SAVP_KERNELS kPlainPlanes
#include "records/planes.inc"

namespace savp {
namespace {

const PlanesKernels& kernels() {
  switch (instructions()) {
#ifdef SAVP_X86_KERNELS
    case Instructions::kAvx512:
      return kAvx512Planes;
    case Instructions::kAvx2:
      return kAvx2Planes;
#endif
    default:
      return kPlainPlanes;
  }
}

}  // namespace

void to_planes(const uint8_t* source, float* target, int64_t pixels, int64_t channels, float factor) {
  kernels().bytes(source, target, pixels, channels, factor);
}
void to_planes(const float* source, float* target, int64_t pixels, int64_t channels, float factor) {
  kernels().floats(source, target, pixels, channels, factor);
}

}  // namespace savp
