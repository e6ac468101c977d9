// A loop on all threads that LibTorch computes with.
#pragma once

#include <cstdint>
#include <functional>

namespace savp::kernels {

// Calls range(begin, end) for parts of [0, count), no part smaller than `grain` unless it is all there is.
void parallel(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& range);

}  // namespace savp::kernels
