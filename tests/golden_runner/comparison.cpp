#include "golden_runner/comparison.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <iomanip>
#include <limits>
#include <map>
#include <sstream>

#include "core/error.h"

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
  const auto largest = b.numel() == 0 ? 0.0 : b.abs().max().item<double>();
  const auto difference = b.numel() == 0 ? 0.0 : (a - b).abs().max().item<double>();
  compared_.push_back({name, worst,
                       concat(name, " ", expected.sizes(), " max|x|=", number(largest),
                              " max|error|=", number(difference), " err=", number(worst))});
}

void Comparison::equal(const std::string& name, const nlohmann::json& actual,
                       const nlohmann::json& expected) {
  if (actual == expected)
    agree(name + " " + actual.dump());
  else
    problem(concat(name, " is ", actual.dump(), " instead of ", expected.dump()));
}

void Comparison::judge_by(const Comparison& other) {
  std::map<std::string, double> errors;
  for (const auto& one : other.compared_) errors[one.name] = one.error;
  for (auto& one : compared_) {
    if (!one.wrong()) continue;
    one.error = errors.at(one.name);
    one.text += concat(", elsewhere ", number(one.error));
    one.elsewhere = true;
  }
}

bool Comparison::passed() const {
  return problems_.empty() && !compared_.empty() &&
         std::none_of(compared_.begin(), compared_.end(), std::mem_fn(&Compared::wrong));
}

std::string Comparison::summary() const {
  const auto worst = std::max_element(compared_.rbegin(), compared_.rend(),
                                      [](const auto& a, const auto& b) { return a.error < b.error; });
  const bool none = worst == compared_.rend() || worst->name.empty();
  std::string text = concat("worst=", none ? "none" : worst->name, " err=", number(none ? 0 : worst->error));
  if (const auto failed = std::count_if(compared_.begin(), compared_.end(), std::mem_fn(&Compared::wrong));
      failed > 0)
    text += concat(" (", failed, " of ", compared_.size(), " tensors out of tolerance)");
  if (!remark_.empty()) text += "; " + remark_;
  for (size_t i = 0; i < problems_.size() && i < kProblemsShown; ++i) text += "; " + problems_[i];
  if (problems_.size() > kProblemsShown)
    text += concat("; and ", problems_.size() - kProblemsShown, " more problems");
  if (!left_out_.empty()) text += concat("; ", left_out(), " left out: ", left_out_.front());
  if (compared_.empty() && problems_.empty()) text += "; nothing was compared";
  return text;
}

std::vector<std::string> Comparison::lines() const {
  std::vector<std::string> all;
  for (const auto& one : compared_)
    all.push_back((one.wrong() ? "  WRONG " : one.elsewhere ? "  kink  " : "  ok    ") + one.text);
  for (const auto& text : problems_) all.push_back("  WRONG " + text);
  for (const auto& text : left_out_) all.push_back("  left out: " + text);
  return all;
}

}  // namespace savp::golden
