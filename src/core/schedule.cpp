#include "core/schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace savp::schedule {

Schedule constant(double value) {
  return [value](int64_t) { return value; };
}

Schedule linear(double from, double to, int64_t begin, int64_t end) {
  return [=](int64_t step) {
    if (begin >= end) return step < begin ? from : to;
    const double share =
        static_cast<double>(std::clamp(step, begin, end) - begin) / static_cast<double>(end - begin);
    return from + (to - from) * share;
  };
}

Schedule tenths(double value, std::vector<int64_t> boundaries) {
  return [value, boundaries = std::move(boundaries)](int64_t step) {
    const auto passed =
        std::count_if(boundaries.begin(), boundaries.end(), [&](int64_t b) { return step > b; });
    return value * std::pow(0.1, static_cast<double>(passed));
  };
}

Schedule sigmoid(double value, double k) {
  return [=](int64_t step) { return value / (1.0 + k * std::exp(-static_cast<double>(step) / k)); };
}

Schedule inverse_sigmoid(double k, int64_t begin) {
  return [=](int64_t step) {
    return step < begin ? 1.0 : k / (k + std::exp(static_cast<double>(step - begin) / k));
  };
}

}  // namespace savp::schedule
