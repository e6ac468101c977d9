#include "training/loss_watch.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"

namespace savp {
namespace {

constexpr size_t kMedianOf = 101;         // good steps
constexpr double kAbsurd = 1e6;           // times the median
constexpr double kSmallestMedian = 1e-6;  // a loss that has hardly anything left to lose may grow to 1

const std::pair<std::string, double>* not_finite(const Values& values) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [](const auto& value) { return !std::isfinite(value.second); });
  return found == values.end() ? nullptr : &*found;
}

// " (gen_l1_loss is 3e+09)": the largest of the terms, of whatever sum.
std::string largest(const Values& terms) {
  const auto found = std::max_element(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
    return std::abs(a.second) < std::abs(b.second);
  });
  return found == terms.end() ? "" : concat(" (", found->first, " is ", found->second, ")");
}

}  // namespace

void RunningMedian::add(double value) {
  values_.push_back(value);
  if (values_.size() > length_) values_.pop_front();
}

double RunningMedian::operator()() const {
  std::vector<double> sorted(values_.begin(), values_.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::string LossWatch::complaint_about(const StepLosses& losses) const {
  for (const auto* values : {&losses.terms, &losses.sums})  // a term tells more than a sum
    if (const auto* found = not_finite(*values)) return concat(found->first, " is ", found->second);
  if (losses.skipped) return "gradients are not finite";
  for (const auto& [name, value] : losses.sums) {
    const auto median = medians_.find(name);
    if (median == medians_.end()) continue;
    const auto times = std::abs(value) / std::max(median->second(), kSmallestMedian);
    if (times >= kAbsurd)
      return concat(name, " is ", value, ", ", times, " times its running median", largest(losses.terms));
  }
  return "";
}

void LossWatch::add(int64_t step, const StepLosses& losses) {
  complaint_ = complaint_about(losses);
  if (losses.skipped) ++skipped_steps_;
  if (!complaint_.empty()) {
    ++bad_steps_;
    return;
  }
  bad_steps_ = 0;
  good_step_ = std::max(good_step_, step);
  for (const auto& [name, value] : losses.sums)
    medians_.try_emplace(name, kMedianOf).first->second.add(std::abs(value));
}

}  // namespace savp
