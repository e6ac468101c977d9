// Where a kernel runs.
#pragma once

#include <c10/core/Device.h>
#include <c10/util/Exception.h>

namespace savp::kernels {

// Whether this build has the GPU's side of the kernels. The one place that asks the preprocessor.
#ifdef SAVP_WITH_CUDA
inline constexpr bool kWithCuda = true;
#else
inline constexpr bool kWithCuda = false;
#endif

// Calls that side of the kernel `name` which the device needs. A build without CUDA does not compile calls of
// on_cuda, so that what it calls need not be there.
template <class OnCpu, class OnCuda>
void dispatch(const char* name, const c10::Device& device, const OnCpu& on_cpu,
              [[maybe_unused]] const OnCuda& on_cuda) {
  if constexpr (kWithCuda)
    if (device.is_cuda()) return on_cuda();
  TORCH_CHECK(device.is_cpu(), name, ": no kernel for ", device);
  on_cpu();
}

}  // namespace savp::kernels
