// Several ways to act from one start, and how much they change what is predicted.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace savp {

struct ActionPlan {
  std::string name;
  at::Tensor actions;  // [steps, A]
};

// CSV: a line a step, its first column the plan's name, lines of a plan one after the other; a first line
// whose second column is no number names the columns. Or the array "actions" [plans, steps, A] of an .npz
// file. Throws DataError, also where there are fewer steps than `least` or actions are not of `size` numbers.
std::vector<ActionPlan> read_action_plans(const std::string& path, int64_t least, int64_t size);

// How much the futures differ that were drawn with the same noise, one tensor of one shape a plan: the mean
// absolute difference over pixels and all pairs of plans, in levels of 255.
double action_sensitivity(const std::vector<at::Tensor>& futures);

}  // namespace savp
