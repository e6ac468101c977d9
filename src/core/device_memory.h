// How much memory a device has, and how much of it this process needed.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace savp {

// In bytes. The CPU's is that of the machine, or of the control group that this process runs in where that
// has less.
struct DeviceMemory {
  int64_t needed;  // at most so far, by this process: on a GPU what LibTorch has reserved there, and what
                   // else is taken, by CUDA or by others
  int64_t whole;
};
DeviceMemory device_memory(const c10::Device& device);

// The least that the control groups of a process allow, of version 2 or 1 (bytes); none where none limits it.
// memberships: such as /proc/self/cgroup; root: where control groups are mounted.
std::optional<int64_t> limit_of_control_groups(const std::filesystem::path& memberships,
                                               const std::filesystem::path& root);

}  // namespace savp
