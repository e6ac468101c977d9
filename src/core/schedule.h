// The value of a knob at a training step.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace savp {

using Schedule = std::function<double(int64_t step)>;

namespace schedule {

Schedule constant(double value);

// From `from` until step `begin` to `to` from step `end` on; where both are the same step, a jump at
// that step.
Schedule linear(double from, double to, int64_t begin, int64_t end);

// value, then a tenth of it after each boundary (a step equal to the boundary still has the value before).
Schedule tenths(double value, std::vector<int64_t> boundaries);

// value / (1 + k exp(-step / k)): grows towards value.
Schedule sigmoid(double value, double k);

// 1 before `begin`, then k / (k + exp((step - begin) / k)): falls from about 1 to 0.
Schedule inverse_sigmoid(double k, int64_t begin);

}  // namespace schedule
}  // namespace savp
