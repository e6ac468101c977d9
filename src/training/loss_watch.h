// Whether losses say that training still makes sense.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "training/sink.h"

namespace savp {

// The median of the last values given.
class RunningMedian {
 public:
  explicit RunningMedian(size_t length) : length_(length) {}
  void add(double value);
  bool empty() const { return values_.empty(); }
  double operator()() const;  // of at least one value

 private:
  size_t length_;
  std::deque<double> values_;
};

// What one step was worth.
struct StepLosses {
  Values sums;           // what was minimised: "g_loss", "d_loss"
  Values terms;          // what they are made of, for messages
  bool skipped = false;  // an update was left out, for a loss or gradient that is not finite
};

// A step is bad where its update was left out, a loss is not finite, or a sum is a million times its running
// median or more: finite, but absurd. Not thread-safe.
class LossWatch {
 public:
  // What was before `step` counts as good.
  explicit LossWatch(int64_t step) : good_step_(step + 1) {}

  // Each step once, in order.
  void add(int64_t step, const StepLosses& losses);

  // How many steps in a row, up to the last one, were bad, and what was wrong with that one: "gen_l1_loss
  // is nan".
  int64_t bad_steps() const { return bad_steps_; }
  const std::string& complaint() const { return complaint_; }

  // The last good step. It shows that the weights of the steps before it were good.
  int64_t good_step() const { return good_step_; }
  int64_t skipped_steps() const { return skipped_steps_; }  // in all

 private:
  std::string complaint_about(const StepLosses& losses) const;

  std::map<std::string, RunningMedian> medians_;  // of sums in good steps, without sign
  std::string complaint_;
  int64_t good_step_, bad_steps_ = 0, skipped_steps_ = 0;
};

}  // namespace savp
