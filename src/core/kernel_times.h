// What a GPU was busy with.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace savp {

struct KernelTime {
  std::string name;  // copies and fills included
  int64_t calls;
  double milliseconds;  // of all calls
};

// The kernels that `work` makes the GPU run, longest first. `work` waits for them itself.
std::vector<KernelTime> kernel_times(const std::function<void()>& work);

}  // namespace savp
