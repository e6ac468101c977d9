// Compares tensors with recorded ones and remembers the worst.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace savp::golden {

using at::Tensor;

struct Compared {
  std::string name;
  double error;  // in units of what is allowed; infinite for what cannot be measured
  std::string text;
  bool elsewhere = false;  // the error is that of another comparison

  bool wrong() const { return error > 1.0; }
};

class Comparison {
 public:
  // |actual - expected| may be at most `allowed`, for all elements or each. NaN agrees with NaN only,
  // infinity with itself only. An undefined tensor and another shape are problems.
  void compare(const std::string& name, const Tensor& actual, const Tensor& expected, double allowed);
  void compare(const std::string& name, const Tensor& actual, const Tensor& expected, const Tensor& allowed);

  // Values of any kind, which must be the same.
  void equal(const std::string& name, const nlohmann::json& actual, const nlohmann::json& expected);

  // Something that is as it should be, whatever the numbers.
  void agree(const std::string& text) { compared_.push_back({"", 0, text}); }

  // Something that fails the case whatever the numbers.
  void problem(const std::string& text) { problems_.push_back(text); }

  // A recorded case that cannot be compared, and why.
  void leave_out(const std::string& text) { left_out_.push_back(text); }
  int64_t left_out() const { return static_cast<int64_t>(left_out_.size()); }
  bool only_left_out() const { return compared_.empty() && problems_.empty() && !left_out_.empty(); }

  const std::vector<Compared>& compared() const { return compared_; }
  bool has_problems() const { return !problems_.empty(); }

  // What is out of tolerance here has from now on the error that it has in another comparison.
  void judge_by(const Comparison& other);
  // A part of the summary from now on.
  void remark(const std::string& text) { remark_ = text; }

  bool passed() const;
  // "worst=<tensor> err=<x of tolerance>", with the number of tensors out of tolerance and the
  // first problems.
  std::string summary() const;
  // One line a compared tensor, one a problem and one a case left out.
  std::vector<std::string> lines() const;

 private:
  std::vector<Compared> compared_;
  std::vector<std::string> problems_, left_out_;
  std::string remark_;
};

}  // namespace savp::golden
