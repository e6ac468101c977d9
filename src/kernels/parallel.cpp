#include "kernels/parallel.h"

#include <ATen/Parallel.h>

#ifndef _OPENMP
#error "without OpenMP at::parallel_for is a plain loop"
#endif

namespace savp::kernels {

void parallel(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& range) {
  at::parallel_for(0, count, grain, range);
}

}  // namespace savp::kernels
