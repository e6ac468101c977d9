#include "core/device_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#ifdef SAVP_WITH_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#endif

#include "core/device.h"

namespace savp {
namespace {

namespace fs = std::filesystem;

// What the file says in the group and in those it lies in. A group without a limit has "max", or a number
// beyond all memory; one that this process cannot see has no file.
std::optional<int64_t> least_limit(const fs::path& root, fs::path group, const char* file) {
  std::optional<int64_t> least;
  for (;; group = group.parent_path()) {
    int64_t limit = 0;
    if (std::ifstream(root / group.relative_path() / file) >> limit && limit > 0)
      least = std::min(limit, least.value_or(limit));
    if (!group.has_relative_path()) return least;
  }
}

int64_t memory_of_machine() {
  const int64_t whole = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  return std::min(whole, limit_of_control_groups("/proc/self/cgroup", "/sys/fs/cgroup").value_or(whole));
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

// A line for each: "0::/user/job" of version 2, "4:cpu,memory:/user/job" of version 1.
std::optional<int64_t> limit_of_control_groups(const fs::path& memberships, const fs::path& root) {
  std::optional<int64_t> least;
  std::ifstream in(memberships);
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    const auto limit = controllers == ",," ? least_limit(root, group, "memory.max")
                       : controllers.find(",memory,") != std::string::npos
                           ? least_limit(root / "memory", group, "memory.limit_in_bytes")
                           : std::nullopt;
    if (limit) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

DeviceMemory device_memory(const c10::Device& device) {
#ifdef SAVP_WITH_CUDA
  if (device.is_cuda()) return memory_of_gpu(device);
#endif
  return {.needed = static_cast<int64_t>(peak_mebibytes(device) * (1 << 20)), .whole = memory_of_machine()};
}

}  // namespace savp
