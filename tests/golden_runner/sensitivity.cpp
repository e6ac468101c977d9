#include "golden_runner/sensitivity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "checkpoints/tf_names.h"
#include "core/error.h"

namespace savp::golden {
namespace {

constexpr uint64_t kRuns = 24;         // a side that one run in four is on is missed once in a thousand cases
constexpr double kRounding = 0x1p-24;  // of a float
constexpr int64_t kRoundings[] = {1, 2, 4, 8};
constexpr double kJump = 0.5;  // of a tolerance

// Gradients, and what is computed from variables that they have moved.
bool follows_from_gradients(const std::string& name) {
  for (const auto* prefix : {"grads", "after", "losses/g_post/", "losses/g_loss_post"})
    if (name.starts_with(prefix)) return true;
  return name.starts_with("losses/") && name.find('@') != std::string::npos;
}

bool may_be_on_kink(const Comparison& comparison) {
  if (comparison.passed() || comparison.has_problems() || comparison.compared().empty()) return false;
  const auto& all = comparison.compared();
  return std::all_of(all.begin(), all.end(), [](const Compared& one) {
    return !one.wrong() || (std::isfinite(one.error) && follows_from_gradients(one.name));
  });
}

const Compared& worst_of(const Comparison& comparison) {
  const auto& all = comparison.compared();
  return *std::max_element(all.begin(), all.end(),
                           [](const auto& a, const auto& b) { return a.error < b.error; });
}

double error_of(const std::string& name, const Comparison& comparison) {
  const auto& all = comparison.compared();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? std::numeric_limits<double>::infinity() : found->error;
}

// What the runs beside one that is out of tolerance have shown.
class Sides {
 public:
  explicit Sides(const Comparison& here) : worst_(worst_of(here)), nearest_(here) {}

  void add(const Comparison& beside) {
    const auto error = error_of(worst_.name, beside);
    ++runs_;
    if (worst_of(beside).error < worst_of(nearest_).error) nearest_ = beside;
    if (std::abs(error - worst_.error) < std::max(kJump / 2, worst_.error / 10)) ++as_here_;
    if (beside.passed() && error < worst_.error - kJump) ++as_recorded_;
  }

  uint64_t runs() const { return runs_; }
  bool both_seen() const { return as_here_ > 0 && as_recorded_ > 0; }
  // The run whose worst tensor is least out of tolerance.
  const Comparison& nearest() const { return nearest_; }

  std::string text() const {
    return concat(both_seen() ? "on a kink: spread " : "not on a kink: ", worst_.error, " of tolerance (",
                  worst_.name, "); of ", runs_, " runs with inputs changed by a few roundings ", as_recorded_,
                  " are as recorded, ", as_here_, " as this one",
                  both_seen() ? "" : "; the nearest has " + nearest_.summary());
  }

 private:
  Compared worst_;
  uint64_t runs_ = 0, as_here_ = 0, as_recorded_ = 0;
  Comparison nearest_;
};

bool is_nudged(const std::string& key, const Tensor& value) {
  if (value.scalar_type() != at::kFloat) return false;
  const bool variable = key.starts_with("vars/generator/") || key.starts_with("vars/discriminator/");
  return key.starts_with("inputs/") || key.starts_with("noise/") || (variable && !tf_names::is_slot(key));
}

// In double precision.
Tensor nudge(const std::string& key, const Tensor& value, uint64_t draw, int64_t roundings) {
  const auto share =
      formula_variable(key, draw, value.sizes(), kRounding * static_cast<double>(roundings), 0);
  const auto exact = value.to(at::kDouble);
  return (exact * (1 + share.to(exact.options()))).to(at::kFloat).to(at::kDouble) - exact;
}

void add(Case& c, const std::string& key, const Tensor& change) {
  if (c.has(key)) c.replace(key, c.tensor(key).to(at::kDouble) + change);
}

}  // namespace

Case nudged(const Case& recorded, uint64_t draw, int64_t roundings) {
  auto copy = recorded;
  copy.leave_checkpoint();
  for (const auto& [key, value] : recorded.tensors()) {
    if (!is_nudged(key, value)) continue;
    const auto change = nudge(key, value, draw, roundings);
    copy.replace(key, (value.to(at::kDouble) + change).to(at::kFloat));
    if (!key.starts_with("vars/")) continue;
    const auto name = key.substr(5);
    add(copy, "after/" + name, change);
    add(copy, "after_sample/" + name, sampled(change));
  }
  return copy;
}

void compare_across_kinks(const Case& recorded, const CompareStep& compare, Comparison& comparison) {
  compare(recorded, comparison);
  if (!may_be_on_kink(comparison)) return;
  Sides sides(comparison);
  while (sides.runs() < kRuns && !sides.both_seen()) {
    Comparison beside;
    compare(nudged(recorded, sides.runs(), kRoundings[sides.runs() % std::size(kRoundings)]), beside);
    sides.add(beside);
  }
  comparison.remark(sides.text());
  if (sides.both_seen()) comparison.judge_by(sides.nearest());
}

}  // namespace savp::golden
