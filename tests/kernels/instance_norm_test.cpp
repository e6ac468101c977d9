#include "kernels/instance_norm.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace savp::kernels {
namespace {

using at::Tensor;

struct Example {
  Tensor x, gamma, beta, dy;
  double slope;

  Example(const std::vector<int64_t>& sizes, double negative_slope) : slope(negative_slope) {
    torch::manual_seed(2);
    x = 3.0 * torch::randn(sizes) + 0.5;
    gamma = 1.0 + 0.3 * torch::randn({sizes[1]});
    beta = 0.3 * torch::randn({sizes[1]});
    dy = torch::randn(sizes);
  }
  Example channels_last() const {
    auto copy = *this;
    copy.x = x.contiguous(at::MemoryFormat::ChannelsLast);
    copy.dy = dy.contiguous(at::MemoryFormat::ChannelsLast);
    return copy;
  }
  Example to(at::ScalarType type) const {
    auto copy = *this;
    for (auto* t : {&copy.x, &copy.gamma, &copy.beta, &copy.dy}) *t = t->to(type);
    return copy;
  }

  // y and the gradients of x, gamma and beta.
  template <class Function>
  std::vector<Tensor> run(const Function& function) const {
    const auto leaf = [](const Tensor& t) { return t.detach().clone().requires_grad_(); };
    const auto a = leaf(x), g = leaf(gamma), b = leaf(beta);
    const auto y = function(a, NormWeights{g, b}, InstanceNormOptions{1.001e-5, slope});
    (y * dy).sum().backward();
    return {y.detach(), a.grad(), g.grad(), b.grad()};
  }
};

std::vector<Example> examples() {
  std::vector<Example> all;
  for (const double slope : {1.0, 0.0, 0.2})
    for (const auto& sizes : std::vector<std::vector<int64_t>>{{2, 3, 8, 8}, {1, 17, 5, 7}, {3, 32, 16, 16}})
      for (const bool last : {false, true})
        all.push_back(last ? Example(sizes, slope).channels_last() : Example(sizes, slope));
  return all;
}

template <class Function>
void expect_exact(const Example& example, const Function& function) {
  const auto ours = example.run(function);
  const auto truth = example.to(torch::kDouble).run(instance_norm_composed);
  for (size_t i = 0; i < truth.size(); ++i)
    EXPECT_LE((ours[i].to(torch::kDouble) - truth[i]).abs().max().template item<double>(),
              2e-6 * truth[i].abs().max().template item<double>())
        << "result " << i << " of " << example.x.sizes() << ", slope " << example.slope;
}

TEST(InstanceNorm, ByChannelEqualsItsDefinition) {
  for (const auto& example : examples()) expect_exact(example, instance_norm_by_channel);
}

TEST(InstanceNorm, ByChannelKeepsTheOrderAndTheType) {
  const auto example = Example({2, 5, 8, 8}, 0.0).channels_last();
  const auto y = instance_norm_by_channel(example.x.to(torch::kBFloat16), {example.gamma, example.beta},
                                          {1.001e-5, example.slope});
  EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  const auto truth =
      instance_norm_composed(example.x, {example.gamma, example.beta}, {1.001e-5, example.slope});
  EXPECT_LE((y.to(torch::kFloat) - truth).norm().item<double>(), 1e-2 * truth.norm().item<double>());
}

TEST(InstanceNorm, OnTheGpuEqualsThatOfTheCpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const auto on_gpu = [](const Tensor& x, const NormWeights& norm, const InstanceNormOptions& options) {
    const auto gpu = [](const Tensor& t) { return t.to(torch::kCUDA); };
    return instance_norm(gpu(x), {gpu(norm.gamma), gpu(norm.beta)}, options).cpu();
  };
  for (const auto& example : examples()) expect_exact(example, on_gpu);
  for (const auto& large : {Example({2, 40, 64, 64}, 0.0), Example({2, 40, 64, 64}, 0.0).channels_last()})
    expect_exact(large, on_gpu);
}

}  // namespace
}  // namespace savp::kernels
