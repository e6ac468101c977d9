#include "kernels/cosine_distance.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace savp::kernels {
namespace {

using at::Tensor;

Tensor composed(const Tensor& a, const Tensor& b) {
  const auto unit = [](const Tensor& x) {
    return x / (torch::linalg_vector_norm(x, 2, at::IntArrayRef({1}), /*keepdim=*/true, {}) + 1e-10);
  };
  return (unit(a) - unit(b)).square().sum(1).mean() / 2;
}

// The distance and both gradients.
template <class Function>
std::vector<Tensor> run(const Function& function, const Tensor& a, const Tensor& b) {
  const auto leaf = [](const Tensor& x) { return x.detach().clone().requires_grad_(); };
  const auto of_a = leaf(a), of_b = leaf(b);
  const auto distance = function(of_a, of_b);
  (distance * 3.0).backward();
  return {distance.detach(), of_a.grad(), of_b.grad()};
}

constexpr double kHalfStep = 1.0 / 256;  // of bfloat16

// `rounding`: of the gradients, which have the features' type.
void expect_exact(const Tensor& a, const Tensor& b, const std::vector<Tensor>& ours) {
  const double rounding = a.scalar_type() == torch::kBFloat16 ? kHalfStep : 0.0;
  const auto truth = run(composed, a.cpu().to(torch::kDouble), b.cpu().to(torch::kDouble));
  const char* names[] = {"distance", "d_a", "d_b"};
  EXPECT_EQ(ours[0].scalar_type(), torch::kFloat);
  EXPECT_EQ(ours[1].scalar_type(), a.scalar_type());
  for (size_t i = 0; i < truth.size(); ++i) {
    ASSERT_EQ(ours[i].sizes(), truth[i].sizes()) << names[i];
    const auto expected = truth[i], error = (ours[i].cpu().to(torch::kDouble) - expected).abs();
    const auto allowed = expected.abs() * (i > 0 ? rounding : 0.0) + 4e-6 * expected.abs().max();
    EXPECT_TRUE((error <= allowed).all().item<bool>()) << names[i] << " is off by " << error.max();
  }
}

// Of 4 and 5 axes, channels first and last, float and bfloat16.
std::vector<std::pair<Tensor, Tensor>> cases() {
  torch::manual_seed(2);
  std::vector<std::pair<Tensor, Tensor>> all;
  for (const auto& sizes : {std::vector<int64_t>{2, 37, 3, 5}, {2, 8, 3, 4, 5}, {3, 2, 2, 2}, {5, 6}}) {
    const auto a = torch::randn(sizes), b = torch::rand(sizes);
    all.emplace_back(a, b);
    if (a.dim() > 3) {
      const auto last = a.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d;
      all.emplace_back(a.contiguous(last), b.contiguous(last));
      all.emplace_back(a.contiguous(last), b);
    }
  }
  const auto in_float = all;
  for (const auto& [a, b] : in_float) all.emplace_back(a.to(torch::kBFloat16), b.to(torch::kBFloat16));
  return all;
}

TEST(CosineDistance, EqualsItsDefinition) {
  for (const auto& [a, b] : cases()) expect_exact(a, b, run(cosine_distance, a, b));
}

TEST(CosineDistance, GivesOnlyTheGradientThatIsWanted) {
  const auto a = torch::randn({1, 4, 3, 3}).requires_grad_(), b = torch::randn({1, 4, 3, 3});
  cosine_distance(a, b).backward();
  EXPECT_TRUE(a.grad().defined());
  EXPECT_FALSE(b.grad().defined());
}

TEST(CosineDistance, StandsFeaturesThatAreZero) {
  const auto a = torch::randn({1, 4, 3, 3}), b = torch::randn({1, 4, 3, 3});
  b.select(2, 1).zero_();
  for (const auto& x : run(cosine_distance, a, b)) EXPECT_TRUE(torch::isfinite(x).all().item<bool>());
  EXPECT_NEAR(cosine_distance(torch::zeros({1, 2, 2}), torch::ones({1, 2, 2})).item<double>(), 0.5, 1e-6);
}

TEST(CosineDistance, RefusesFeaturesThatDoNotFit) {
  EXPECT_THROW(cosine_distance(torch::rand({1, 2, 3}), torch::rand({1, 2, 4})), c10::Error);
  EXPECT_THROW(cosine_distance(torch::rand({1, 2}), torch::rand({1, 2}).to(torch::kBFloat16)), c10::Error);
}

TEST(OnTheGpuCosineDistance, EqualsItsDefinition) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  auto all = cases();
  const auto large = torch::randn({4, 64, 32, 32}), other = torch::randn({4, 64, 32, 32});
  all.emplace_back(large, other);
  all.emplace_back(large.to(torch::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast),
                   other.to(torch::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast));
  for (const auto& [a, b] : all) {
    ASSERT_TRUE(has_cosine_kernel(a.cuda(), b.cuda()));
    const auto ours = run(cosine_distance, a.cuda(), b.cuda()),
               again = run(cosine_distance, a.cuda(), b.cuda());
    expect_exact(a, b, ours);
    for (size_t i = 0; i < ours.size(); ++i) EXPECT_TRUE(torch::equal(ours[i], again[i])) << "result " << i;
  }
}

}  // namespace
}  // namespace savp::kernels
