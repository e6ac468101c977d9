#include "savp/kernels/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <sys/resource.h>

#include <limits>

#ifdef SAVP_WITH_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#endif

#include "savp/core/error.h"

namespace savp {

c10::Device default_device() { return at::hasCUDA() ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU); }

std::string device_name(const c10::Device& device) {
#ifdef SAVP_WITH_CUDA
  if (device.is_cuda()) return at::cuda::getDeviceProperties(device.index())->name;
#endif
  return device.is_cpu() ? concat("CPU, ", at::get_num_threads(), " threads") : device.str();
}

void limit_gpu_memory([[maybe_unused]] const c10::Device& device, [[maybe_unused]] double fraction) {
#ifdef SAVP_WITH_CUDA
  if (device.is_cuda() && fraction > 0)
    c10::cuda::CUDACachingAllocator::setMemoryFraction(fraction, device.index());
#endif
}

void wait_for([[maybe_unused]] const c10::Device& device) {
#ifdef SAVP_WITH_CUDA
  if (device.is_cuda()) c10::cuda::device_synchronize();
#endif
}

#ifdef SAVP_WITH_CUDA
RefuseWaiting::RefuseWaiting(const c10::Device& device) : active_(device.is_cuda()) {
  if (active_) c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_ERROR);
}
RefuseWaiting::~RefuseWaiting() {
  if (active_) c10::cuda::warning_state().set_sync_debug_mode(c10::cuda::SyncDebugMode::L_DISABLED);
}
#else
RefuseWaiting::RefuseWaiting(const c10::Device& /*device*/) : active_(false) {}
RefuseWaiting::~RefuseWaiting() = default;
#endif

double peak_mebibytes([[maybe_unused]] const c10::Device& device) {
#ifdef SAVP_WITH_CUDA
  if (device.is_cuda()) {
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
    return static_cast<double>(stats.allocated_bytes[0].peak) / (1 << 20);
  }
#endif
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // kibibytes on Linux
}

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 64 << 20);  // bytes asked for in advance
#endif
}

}  // namespace savp
