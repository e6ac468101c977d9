#include "golden_runner/comparison.h"

#include <ATen/ATen.h>

#include <iomanip>
#include <limits>
#include <sstream>

#include "savp/core/error.h"

namespace savp::golden {
namespace {

constexpr size_t kProblemsShown = 3;

std::string number(double value) {
  std::ostringstream text;
  text << std::setprecision(3) << value;
  return text.str();
}

// |a - b| / allowed for each element; 0 where both are the same (NaN and infinity included), infinite where
// they differ in what cannot be measured.
Tensor ratio(const Tensor& a, const Tensor& b, const Tensor& allowed) {
  const auto same = a.eq(b).logical_or(a.isnan().logical_and(b.isnan()));
  const auto error = (a - b).abs() / allowed;
  const auto measured =
      at::where(error.isnan(), at::full_like(error, std::numeric_limits<double>::infinity()), error);
  return at::where(same, at::zeros_like(measured), measured);
}

}  // namespace

void Comparison::compare(const std::string& name, const Tensor& actual, const Tensor& expected,
                         double allowed) {
  compare(name, actual, expected, at::scalar_tensor(allowed, at::kDouble));
}

void Comparison::compare(const std::string& name, const Tensor& actual, const Tensor& expected,
                         const Tensor& allowed) {
  if (!actual.defined()) return problem(name + " is missing");
  const bool scalars = actual.numel() == 1 && expected.numel() == 1;
  if (actual.sizes() != expected.sizes() && !scalars)
    return problem(concat(name, " has the shape ", actual.sizes(), " instead of ", expected.sizes()));
  const auto a = actual.detach().to(at::kCPU, at::kDouble).reshape(expected.sizes());
  const auto b = expected.to(at::kDouble);
  const auto ratios = ratio(a, b, allowed);
  const auto worst = ratios.numel() == 0 ? 0.0 : ratios.max().item<double>();
  if (worst > 1.0) ++failed_;
  if (worst >= worst_) {
    worst_ = worst;
    worst_name_ = name;
  }
  const auto largest = b.numel() == 0 ? 0.0 : b.abs().max().item<double>();
  const auto difference = b.numel() == 0 ? 0.0 : (a - b).abs().max().item<double>();
  lines_.push_back(concat(worst > 1.0 ? "  WRONG " : "  ok    ", name, " ", expected.sizes(), " max|x|=",
                          number(largest), " max|error|=", number(difference), " err=", number(worst)));
}

void Comparison::equal(const std::string& name, const nlohmann::json& actual,
                       const nlohmann::json& expected) {
  if (actual == expected)
    agree(name + " " + actual.dump());
  else
    problem(concat(name, " is ", actual.dump(), " instead of ", expected.dump()));
}

std::string Comparison::summary() const {
  std::string text = concat("worst=", worst_name_.empty() ? "none" : worst_name_, " err=", number(worst_));
  if (failed_ > 0) text += concat(" (", failed_, " of ", lines_.size(), " tensors out of tolerance)");
  for (size_t i = 0; i < problems_.size() && i < kProblemsShown; ++i) text += "; " + problems_[i];
  if (problems_.size() > kProblemsShown)
    text += concat("; and ", problems_.size() - kProblemsShown, " more problems");
  if (!left_out_.empty()) text += concat("; ", left_out(), " left out: ", left_out_.front());
  if (lines_.empty() && problems_.empty()) text += "; nothing was compared";
  return text;
}

std::vector<std::string> Comparison::lines() const {
  auto all = lines_;
  for (const auto& text : problems_) all.push_back("  WRONG " + text);
  for (const auto& text : left_out_) all.push_back("  left out: " + text);
  return all;
}

}  // namespace savp::golden
