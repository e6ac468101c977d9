// How far a value may be from the recorded one. Every case carries measured noise: the largest change of a
// tensor when all inputs, draws and variables are changed by about one rounding.
#pragma once

#include <set>
#include <string>

#include "golden_runner/case.h"

namespace savp::golden {

class Tolerances {
 public:
  explicit Tolerances(const Case& recorded);

  // outputs/<name>: relative to the largest magnitude of the whole tensor.
  double output(const std::string& name) const;

  // losses/<name>, unweighted terms, weights and totals.
  double loss(double expected) const;

  // grads/<variable>: for each element; `largest` is the tensor's largest magnitude. Where the true
  // gradient is zero, so that both sides have rounding noise of their own, that of the kernel beside it is
  // the measure.
  double gradient(const std::string& variable, double largest) const;
  // The same for the Euclidean norm of a gradient of `count` elements.
  double gradient_norm(const std::string& variable, double norm, int64_t count) const;
  // The largest magnitude of a gradient, as the case tells it; 0 where it does not.
  double largest_gradient(const std::string& variable) const { return grad_entry(variable, 0); }

  // Adam's moments after the steps, as far as the gradient's tolerance moves them. After several steps at
  // least by the case's own measure of how far they spread, one number for all: the later gradients are taken
  // where elements without a certain gradient have moved by whole steps either way.
  double first_moment(const std::string& variable, double largest) const;
  double second_moment(const std::string& variable, double largest) const;

  // after/<variable>, each element. Adam moves an element by up to the learning rate whatever its gradient's
  // size, so where the gradient is hardly above its noise, only the length of the step is certain. Elsewhere
  // a relative error of the gradient becomes at most a few times that share of the step.
  Tensor after(const std::string& variable, const Tensor& expected, const Tensor& gradient,
               double largest) const;

  // after/<variable> of what no optimizer moves: vectors of the power iteration, moving statistics.
  static double untrained(const Tensor& expected);

 private:
  // What a gradient's error is relative to.
  double measure(const std::string& variable, double size) const;
  double grad_entry(const std::string& variable, size_t place) const;
  double noise(const std::string& variable) const { return grad_entry(variable, 1); }

  Json outputs_, grad_noise_;
  double outputs_relative_, losses_relative_, grads_relative_, losses_noise_;
  double steps_times_rate_ = 0;  // how far Adam can move an element in all steps
  double later_noise_ = 0;
  std::set<std::string> ill_conditioned_, without_gradient_;
};

// Whether it is the bias of a convolution in front of an instance norm, among these variables. Its true
// gradient is zero, so that what is recorded is rounding noise, which Adam turns into steps of full length.
bool has_no_true_gradient(const std::string& variable, const std::set<std::string>& variables);

}  // namespace savp::golden
