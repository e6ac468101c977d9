#include "core/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#ifdef SAVP_WITH_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#endif

#include "core/error.h"

namespace savp {

namespace {

// None for a text that names no device.
std::optional<c10::Device> parse_device(const std::string& text) {
  if (text == "cpu") return c10::Device(c10::kCPU);
  if (text == "cuda") return c10::Device(c10::kCUDA, 0);
  constexpr std::string_view kPrefix = "cuda:";
  int8_t index = -1;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + std::min(kPrefix.size(), text.size()), end, index);
  const bool good = text.starts_with(kPrefix) && error == std::errc() && stop == end && index >= 0;
  return good ? std::optional(c10::Device(c10::kCUDA, index)) : std::nullopt;
}

}  // namespace

int64_t gpu_count() { return at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0; }

std::string device_of_process(int64_t local_rank) {
  const auto gpus = gpu_count();
  return gpus > 0 ? concat("cuda:", local_rank % gpus) : "auto";
}

c10::Device device_named(const std::string& text, const char* what) {
  if (text == "auto") return at::hasCUDA() ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU);
  const auto device = parse_device(text);
  SAVP_CHECK(device, UsageError, what, " ", text,
             ": must be auto, cpu, cuda, or cuda:1 for another than the first GPU");
  const auto gpus = gpu_count();
  SAVP_CHECK(
      device->is_cpu() || device->index() < gpus, UsageError, what, " ", text, ": ",
      gpus == 0
          ? "there is no GPU that LibTorch can use (see CUDA_VISIBLE_DEVICES, and \"CUDA\" in --version)"
          : concat("there are only ", gpus, " GPUs (see CUDA_VISIBLE_DEVICES)"),
      "; choose cpu, or auto");
  return *device;
}

void use_threads(int64_t count) {
  if (count > 0) at::set_num_threads(static_cast<int>(count));
}

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
