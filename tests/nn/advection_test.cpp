#include "nn/transforms/advection.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/cdna.h"
#include "kernels/warp.h"
#include "nn/slim_layers.h"

namespace savp::nn {
namespace {

TEST(AffineMaps, TheIdentityLeavesAPictureAsItIs) {
  const auto image = torch::rand({2, 3, 7, 8});
  const auto maps = torch::eye(2, 3).expand({2, 4, 2, 3});
  EXPECT_TRUE(torch::allclose(kernels::affine_warp(image, maps), image.unsqueeze(1).expand({2, 4, 3, 7, 8}),
                              0, 1e-5));
}

TEST(AffineMaps, ShiftAndMirror) {
  const auto image = torch::rand({1, 2, 5, 6});
  auto maps = torch::eye(2, 3).repeat({1, 2, 1, 1});
  maps[0][0][0][2] = 2.0 / 5;  // a pixel to the right, of 5 steps over a width of 2
  maps[0][1][1][1] = -1.0;     // upside down
  const auto moved = kernels::affine_warp(image, maps);
  EXPECT_TRUE(torch::allclose(moved[0][0].slice(2, 0, 5), image[0].slice(2, 1, 6), 0, 1e-5));
  EXPECT_TRUE(torch::allclose(moved[0][0].select(2, 5), image[0].select(2, 5), 0, 1e-5));  // the border
  EXPECT_TRUE(torch::allclose(moved[0][1], image[0].flip(1), 0, 1e-5));
}

// Central differences of a weighted sum of the outputs, against the gradient, for some elements of an input.
void expect_gradient(Tensor input, const std::function<Tensor(const Tensor&)>& function) {
  const auto weights = torch::rand_like(function(input));
  input.requires_grad_();
  (function(input) * weights).sum().backward();
  for (int64_t i = 0; i < input.numel(); i += std::max<int64_t>(1, input.numel() / 7)) {
    constexpr double kStep = 1e-6;
    const auto nudged = [&](double by) {
      auto copy = input.detach().clone();
      copy.view({-1})[i] += by;
      return (function(copy) * weights).sum().item<double>();
    };
    EXPECT_NEAR(input.grad().view({-1})[i].item<double>(), (nudged(kStep) - nudged(-kStep)) / (2 * kStep),
                1e-6)
        << "element " << i;
  }
}

TEST(AffineMaps, GradientsByFiniteDifferences) {
  torch::manual_seed(0);
  const auto image = torch::rand({2, 2, 5, 6}, torch::kDouble);
  const auto maps = torch::eye(2, 3, torch::kDouble).expand({2, 3, 2, 3}) +
                    torch::rand({2, 3, 2, 3}, torch::kDouble) * 0.1 + 0.013;
  expect_gradient(maps.clone(), [&](const Tensor& m) { return kernels::affine_warp(image, m); });
  expect_gradient(image.clone(), [&](const Tensor& i) { return kernels::affine_warp(i, maps); });
}

TEST(Kernels, GradientsByFiniteDifferences) {
  torch::manual_seed(0);
  const auto image = torch::rand({2, 2, 6, 5}, torch::kDouble);
  const auto shared = torch::rand({2, 3, 4, 3}, torch::kDouble);
  const auto local = torch::rand({2, 1, 3, 3, 6, 5}, torch::kDouble);
  for (const auto border : {Border::kSymmetric, Border::kConstant}) {
    const Size2 dilation = {2, 1};
    expect_gradient(shared.clone(), [&](const Tensor& k) {
      return kernels::cdna(image, k, {dilation, border});
    });
    expect_gradient(image.clone(), [&](const Tensor& i) {
      return kernels::cdna(i, shared, {dilation, border});
    });
    expect_gradient(local.clone(), [&](const Tensor& k) {
      return kernels::dna(image, k, {dilation, border});
    });
    expect_gradient(image.clone(), [&](const Tensor& i) {
      return kernels::dna(i, local, {dilation, border});
    });
  }
  expect_gradient(shared.clone(), [&](const Tensor& k) { return normalize_kernels(k, 2); });
}

// What a GPU runs.
TEST(Kernels, TheFormForGpusEqualsTheComposedOne) {
  torch::manual_seed(0);
  const auto image = torch::rand({2, 3, 9, 7}), weights = torch::rand({2, 4, 4, 3});
  for (const auto border : {Border::kConstant, Border::kSymmetric, Border::kReflect})
    for (const Size2 dilation : {Size2{1, 1}, Size2{2, 3}}) {
      const kernels::CdnaOptions options{dilation, border};
      const auto composed = kernels::cdna_composed(image, weights, options);
      EXPECT_TRUE(torch::allclose(kernels::cdna_by_position(image, weights, options), composed, 1e-5, 1e-6));
      if (torch::cuda::is_available()) {
        const auto on_gpu = kernels::cdna(image.cuda(), weights.cuda(), options);
        EXPECT_TRUE(torch::allclose(on_gpu.cpu(), composed, 1e-5, 1e-6));
      }
    }
}

TEST(SlimLayers, KeepAndChangeSizesAsTensorFlowDoes) {
  const auto x = torch::rand({2, 3, 9, 8});
  EXPECT_EQ(SlimConv({.in = 3, .out = 4, .kernel = 5, .stride = 2}).forward(x).sizes(),
            (std::vector<int64_t>{2, 4, 5, 4}));
  SlimConv up({.in = 3, .out = 4, .stride = 2, .transposed = true, .norm = "norm", .relu = false});
  const auto y = up.forward(x);
  EXPECT_EQ(y.sizes(), (std::vector<int64_t>{2, 4, 18, 16}));
  EXPECT_NEAR(y.mean().item<double>(), 0.0, 1e-5);
  EXPECT_EQ(up.named_parameters().size(), 3u);  // no biases beside a norm
}

TEST(SlimLayers, AnLstmsVariablesLieUnderItsGates) {
  torch::nn::Module root;
  const auto cell = place_slim_lstm(root, "state1", 3, 4);
  const auto parameters = root.named_parameters();
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters["state1.Gates.weights"].sizes(), (std::vector<int64_t>{16, 7, 5, 5}));
  root.to(torch::kDouble);  // moves the cell's own
  EXPECT_EQ(cell->named_parameters()["kernel"].dtype(), torch::kDouble);
  EXPECT_TRUE(parameters["state1.Gates.weights"].is_same(cell->named_parameters()["kernel"]));
}

}  // namespace
}  // namespace savp::nn
