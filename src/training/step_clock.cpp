#include "training/step_clock.h"

#include <ATen/ATen.h>

#include <utility>

namespace savp {

StepClock::StepClock(std::vector<Schedule> schedules, const at::Device& device)
    : schedules_(std::move(schedules)),
      values_(at::zeros({static_cast<int64_t>(schedules_.size())}, at::device(device).dtype(at::kFloat))),
      each_(values_.unbind()) {}

void StepClock::set(int64_t step) {
  // Pinned memory is not reused before the copy from it is done, so that the next step may be set at once.
  const auto host = values_.is_cpu()
                        ? values_
                        : at::empty(values_.sizes(),
                                    at::device(at::kCPU).dtype(at::kFloat).pinned_memory(values_.is_cuda()));
  auto* out = host.data_ptr<float>();
  for (const auto& schedule : schedules_) *out++ = static_cast<float>(schedule(step));
  if (!values_.is_cpu()) values_.copy_(host, /*non_blocking=*/true);
}

}  // namespace savp
