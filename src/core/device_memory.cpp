#include "core/device_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#ifdef SAVP_WITH_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#endif

#include "core/device.h"

namespace savp {
namespace {

int64_t memory_of_machine() {
  int64_t whole = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  // Of control groups, version 2 and version 1; without a limit "max", or a number beyond all memory.
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    int64_t limit = 0;
    if (std::ifstream(file) >> limit && limit > 0) whole = std::min(whole, limit);
  }
  return whole;
}

#ifdef SAVP_WITH_CUDA
DeviceMemory memory_of_gpu(const c10::Device& device) {
  const c10::cuda::CUDAGuard guard(device);
  size_t free = 0, whole = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &whole));
  const auto reserved = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index()).reserved_bytes[0];
  const auto others = static_cast<int64_t>(whole - free) - reserved.current;
  return {.needed = reserved.peak + std::max<int64_t>(others, 0), .whole = static_cast<int64_t>(whole)};
}
#endif

}  // namespace

DeviceMemory device_memory(const c10::Device& device) {
#ifdef SAVP_WITH_CUDA
  if (device.is_cuda()) return memory_of_gpu(device);
#endif
  return {.needed = static_cast<int64_t>(peak_mebibytes(device) * (1 << 20)), .whole = memory_of_machine()};
}

}  // namespace savp
