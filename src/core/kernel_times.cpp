#include "core/kernel_times.h"

#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <map>
#include <set>

namespace savp {

std::vector<KernelTime> kernel_times(const std::function<void()>& work) {
  using torch::profiler::impl::ActivityType;
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  const std::set<ActivityType> activities = {ActivityType::CPU, ActivityType::CUDA};
  torch::autograd::profiler::prepareProfiler(config, activities);
  torch::autograd::profiler::enableProfiler(config, activities);
  work();
  const auto result = torch::autograd::profiler::disableProfiler();
  std::map<std::string, KernelTime> by_name;
  for (const auto& event : result->events()) {
    if (event.deviceType() != c10::DeviceType::CUDA) continue;
    auto& kernel = by_name.try_emplace(event.name(), KernelTime{event.name(), 0, 0.0}).first->second;
    ++kernel.calls;
    kernel.milliseconds += static_cast<double>(event.durationNs()) / 1e6;
  }
  std::vector<KernelTime> all;
  for (const auto& [name, kernel] : by_name) all.push_back(kernel);
  std::sort(all.begin(), all.end(),
            [](const KernelTime& a, const KernelTime& b) { return a.milliseconds > b.milliseconds; });
  return all;
}

}  // namespace savp
