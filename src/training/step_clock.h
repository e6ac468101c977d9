// What changes with the step, as numbers on the device that keep their place: a recorded step reads
// them anew.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/schedule.h"

namespace savp {

class StepClock {
 public:
  StepClock(std::vector<Schedule> schedules, const at::Device& device);

  // Fills all values with those of a step, without waiting for the device.
  void set(int64_t step);

  // The value of the schedule in this place, 0-dim float.
  const at::Tensor& operator[](size_t place) const { return each_[place]; }

 private:
  std::vector<Schedule> schedules_;
  at::Tensor values_;
  std::vector<at::Tensor> each_;
};

}  // namespace savp
