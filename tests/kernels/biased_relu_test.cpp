#include "kernels/biased_relu.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace savp::kernels {
namespace {

using at::Tensor;

constexpr double kSlope = 0.1;

struct Example {
  Tensor x, bias, dy;

  explicit Example(const std::vector<int64_t>& sizes) {
    torch::manual_seed(4);
    const auto order = sizes.size() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
    x = torch::randn(sizes).contiguous(order);
    bias = torch::randn({sizes[1]});
    dy = torch::randn(sizes).contiguous(order);
  }

  // y and the gradients of x and bias, on the CPU.
  template <class Function>
  std::vector<Tensor> run(const Function& function, const at::TensorOptions& where = {}) const {
    const auto a = x.to(where).detach().requires_grad_();
    const auto b = bias.to(where.device()).detach().requires_grad_();
    const auto y = function(a, b, kSlope);
    (y * dy.to(where)).sum().backward();
    return {y.detach().cpu().to(torch::kFloat), a.grad().cpu().to(torch::kFloat), b.grad().cpu()};
  }
};

std::vector<Example> examples() {
  return {Example({2, 8, 5, 7}), Example({3, 24, 4, 4}), Example({2, 32, 3, 8, 8}), Example({1, 520, 2, 2})};
}

// Numbers so small that reducing them turns their sign are few.
void expect_alike(const std::vector<Tensor>& ours, const std::vector<Tensor>& truth) {
  for (size_t i = 0; i < truth.size(); ++i)
    EXPECT_LE((ours[i] - truth[i]).norm().item<double>(), 0.1 * truth[i].norm().item<double>())
        << "result " << i << " " << truth[i].sizes();
}

void expect_near(const std::vector<Tensor>& ours, const std::vector<Tensor>& truth, double relative) {
  for (size_t i = 0; i < truth.size(); ++i)
    EXPECT_LE((ours[i] - truth[i]).abs().max().item<double>(), relative * truth[i].abs().max().item<double>())
        << "result " << i << " " << truth[i].sizes();
}

TEST(BiasedRelu, ByRowEqualsItsDefinition) {
  for (const auto& example : examples())
    expect_near(example.run(biased_relu_by_row), example.run(biased_relu), 2e-6);
}

TEST(BiasedRelu, ByRowTakesReducedNumbers) {
  for (const auto& example : examples())
    expect_alike(example.run(biased_relu_by_row, torch::kBFloat16), example.run(biased_relu));
}

TEST(BiasedRelu, OnTheGpuEqualsThatOfTheCpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  auto all = examples();
  all.push_back(Example({32, 32, 10, 32, 32}));
  for (const auto& example : all) {
    expect_near(example.run(biased_relu, torch::kCUDA), example.run(biased_relu), 1e-5);
    expect_alike(example.run(biased_relu, torch::device(torch::kCUDA).dtype(torch::kBFloat16)),
                 example.run(biased_relu));
  }
}

}  // namespace
}  // namespace savp::kernels
