#include "nn/layers.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/warp.h"
#include "nn/conv_rnn.h"
#include "nn/spectral_norm.h"
#include "nn/transforms/transform.h"

namespace savp::nn {
namespace {

::testing::AssertionResult close(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return ::testing::AssertionFailure() << a.sizes() << " against " << b.sizes();
  const auto error = (a - b).abs().max().item<double>();
  if (error <= 1e-5) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "largest difference " << error;
}

TEST(ConvPool2d, IsAConvolutionThenTheMean) {
  torch::manual_seed(0);
  for (const Size2 kernel : {Size2{3, 3}, Size2{5, 5}, Size2{4, 3}}) {
    const ConvOptions options{3, 4, kernel, {2, 2}};
    ConvPool2d folded(options);
    Conv2d plain({3, 4, kernel});
    torch::NoGradGuard no_grad;
    plain.kernel.copy_(folded.kernel);
    folded.bias.uniform_();
    plain.bias.copy_(folded.bias);
    const auto x = torch::randn({2, 3, 10, 8});
    EXPECT_TRUE(close(folded.forward(x), torch::avg_pool2d(plain.forward(x), 2)));
  }
}

TEST(UpsampleConv2d, DoublesAConstantPictureAwayFromTheBorder) {
  UpsampleConv2d layer({1, 1, {3, 3}, {2, 2}});
  torch::NoGradGuard no_grad;
  layer.kernel.fill_(1.0 / 9.0);
  const auto y = layer.forward(torch::ones({1, 1, 6, 5}));
  EXPECT_EQ(y.sizes(), (std::vector<int64_t>{1, 1, 12, 10}));
  EXPECT_TRUE(close(y.slice(2, 2, 10).slice(3, 2, 8), torch::ones({1, 1, 8, 6})));
}

TEST(InstanceNorm, HasZeroMeanAndUnitDeviation) {
  const auto y = make_norm(NormLayer::kInstance, 3)->forward(torch::randn({2, 3, 16, 16}) * 5.0 + 2.0);
  EXPECT_TRUE(close(y.mean({2, 3}), torch::zeros({2, 3})));
  EXPECT_NEAR(y.var({2, 3}, false).mean().item<double>(), 1.0, 1e-4);
}

TEST(SpectralNorm, ApproachesTheLargestSingularValue) {
  torch::manual_seed(0);
  const auto weight = torch::randn({6, 4, 3, 3});
  const auto normalized = spectral_normalize(weight, torch::randn({1, 6}), 100);
  const auto sigma = std::get<1>(torch::linalg_svd(normalized.weight.flatten(1), false))[0];
  EXPECT_NEAR(sigma.item<double>(), 1.0, 1e-4);
  EXPECT_NEAR(normalized.u.norm().item<double>(), 1.0, 1e-5);
}

// Against the published formulation, differentiated by autograd in double precision.
TEST(SpectralNorm, IsDifferentiatedThroughThePowerIteration) {
  torch::manual_seed(0);
  const auto unit = [](const Tensor& v) { return v / (torch::norm(v) + 1e-12); };
  for (const int64_t iterations : {1, 3})
    for (const bool dense : {false, true}) {
      auto weight = dense ? torch::randn({7, 5}).t() : torch::randn({5, 4, 3, 2});
      weight.set_requires_grad(true);
      const auto u = torch::randn({1, 5}), scale = torch::randn_like(weight);
      const auto exact = weight.detach().to(torch::kDouble).requires_grad_();
      auto left = u.to(torch::kDouble).squeeze(0);
      Tensor product;
      for (int64_t i = 0; i < iterations; ++i) {
        product = torch::mv(exact.flatten(1), unit(torch::matmul(left, exact.flatten(1))));
        left = unit(product);
      }
      const auto expected = exact / torch::dot(product, left);
      const auto found = spectral_normalize(weight, u, iterations);
      EXPECT_TRUE(close(found.weight, expected.to(torch::kFloat)));
      EXPECT_TRUE(close(found.u.squeeze(0), left.detach().to(torch::kFloat)));
      EXPECT_FALSE(found.u.requires_grad());
      const auto gradient = torch::autograd::grad({(found.weight * scale).sum()}, {weight})[0];
      const auto of_exact = torch::autograd::grad({(expected * scale.to(torch::kDouble)).sum()}, {exact})[0];
      EXPECT_TRUE(close(gradient, of_exact.to(torch::kFloat))) << iterations << " iterations";
    }
}

TEST(TruncatedNormal, StaysWithinTwoDeviations) {
  torch::manual_seed(0);
  const auto x = truncated_normal({100000}, 0.02);
  EXPECT_LE(x.abs().max().item<double>(), 0.04 + 1e-7);
  EXPECT_NEAR(x.std().item<double>(), 0.02 * 0.8796, 2e-4);  // deviation of a normal cut at two
}

TEST(Cdna, IdentityKernelLeavesAPictureAsItIs) {
  const auto image = torch::rand({2, 3, 8, 8});
  for (const Size2 size : {Size2{5, 5}, Size2{3, 7}}) {
    const auto kernels = identity_kernel(size).expand({2, 4, size[0], size[1]}).contiguous();
    EXPECT_TRUE(close(kernels::cdna(image, kernels), image.unsqueeze(1).expand({2, 4, 3, 8, 8})));
  }
}

TEST(Cdna, EqualsDnaWithTheSameKernelEverywhere) {
  torch::manual_seed(0);
  const auto image = torch::rand({2, 3, 9, 8});
  const auto kernels = normalize_kernels(torch::randn({2, 3, 4, 5}), 2);
  const auto everywhere = kernels.unsqueeze(-1).unsqueeze(-1).expand({2, 3, 4, 5, 9, 8}).contiguous();
  EXPECT_TRUE(close(kernels::cdna(image, kernels), kernels::dna(image, everywhere)));
}

TEST(ImageWarp, WholePixelsShiftThePicture) {
  const auto image = torch::rand({1, 2, 6, 6});
  auto flow = torch::zeros({1, 2, 6, 6});
  flow.select(1, 0).fill_(1.0);  // look one pixel to the right
  const auto warped = kernels::flow_warp(image, flow);
  EXPECT_TRUE(close(warped.slice(3, 0, 5), image.slice(3, 1, 6)));
  EXPECT_TRUE(close(warped.select(3, 5), image.select(3, 5)));
}

TEST(ImageWarp, GradientOfTheFlowByFiniteDifferences) {
  torch::manual_seed(0);
  const auto image = torch::rand({1, 2, 5, 6}, torch::kDouble);
  const auto flow = (torch::rand({1, 2, 5, 6}, torch::kDouble) * 0.8 + 0.1).requires_grad_();
  const auto weights = torch::rand({1, 2, 5, 6}, torch::kDouble);
  (kernels::flow_warp(image, flow) * weights).sum().backward();
  for (const int64_t i : {0, 7, 23, 41}) {
    auto nudged = flow.detach().clone();
    nudged.view({-1})[i] += 1e-6;
    const double slope =
        ((kernels::flow_warp(image, nudged) - kernels::flow_warp(image, flow.detach())) * weights)
            .sum()
            .item<double>() /
        1e-6;
    EXPECT_NEAR(flow.grad().view({-1})[i].item<double>(), slope, 1e-5);
  }
}

TEST(Kernels, DilationSpreadsTheTaps) {
  const auto image = torch::rand({1, 2, 9, 8});
  auto spread = torch::zeros({1, 1, 5, 7}), packed = torch::zeros({1, 1, 3, 3});
  packed[0][0] = torch::rand({3, 3});
  spread[0][0].slice(0, 0, 5, 2).slice(1, 0, 7, 3).copy_(packed[0][0]);
  const Size2 dilation = {2, 3};
  const auto expected = kernels::cdna(image, spread);
  EXPECT_TRUE(close(kernels::cdna(image, packed, {.dilation = dilation}), expected));
  const auto everywhere = packed.unsqueeze(-1).unsqueeze(-1).expand({1, 1, 3, 3, 9, 8}).contiguous();
  EXPECT_TRUE(close(kernels::dna(image, everywhere, {.dilation = dilation}), expected));
}

TEST(FlowToRgb, ShowsTheDirectionAsHueAndTheLengthAsBrightness) {
  auto flows = torch::zeros({2, 1, 4});  // x and y of four pixels
  flows[0][0] = torch::tensor({-1.0, 1.0, 0.5, 0.0});
  flows[1][0] = torch::full({4}, 1e-7);                      // from above: the angle just below half a turn
  const auto colours = flow_to_rgb(flows).select(1, 0).t();  // [pixel, colour]
  EXPECT_TRUE(close(colours[0], torch::tensor({1.0, 0.0, 0.0})));  // to the left: red
  EXPECT_TRUE(close(colours[1], torch::tensor({0.0, 1.0, 1.0})));  // to the right: its complement
  EXPECT_TRUE(close(colours[2], torch::tensor({0.0, 0.5, 0.5})));
  EXPECT_TRUE(close(colours[3], torch::zeros({3})));
}

TEST(FlowToRgb, FlowsOfOneLengthAreBlack) {
  EXPECT_TRUE(close(flow_to_rgb(torch::zeros({2, 3, 4})), torch::zeros({3, 3, 4})));
  EXPECT_TRUE(close(flow_to_rgb(torch::ones({2, 3, 4})), torch::zeros({3, 3, 4})));
}

TEST(BatchNorm, OnlyTheTrainedKindTakesTheBatchesStatistics) {
  torch::manual_seed(0);
  const auto x = torch::randn({4, 3, 8, 8}) * 5.0 + 2.0;
  const auto fixed = make_norm(NormLayer::kBatch, 3), trained = make_norm(NormLayer::kBatchTrained, 3);
  EXPECT_TRUE(close(fixed->forward(x), x / std::sqrt(1.0 + 1e-3)));
  const auto mean = x.mean({0, 2, 3});
  EXPECT_TRUE(close(trained->forward(x).mean({0, 2, 3}), torch::zeros({3})));
  EXPECT_TRUE(close(trained->named_buffers()["moving_mean"], 0.01 * mean));
  const auto remembered = trained->named_buffers()["moving_mean"].clone();
  trained->eval();
  trained->forward(x);
  trained->train();
  torch::NoGradGuard no_grad;
  trained->forward(x);
  EXPECT_TRUE(torch::equal(trained->named_buffers()["moving_mean"], remembered));
  EXPECT_TRUE(close(fixed->named_buffers()["moving_mean"], torch::zeros({3})));
}

ConvState zeros(const ConvRnn& cell, int64_t height, int64_t width) {
  ConvState state;
  for (const auto& part : cell.state_parts())
    state.*part.tensor = torch::zeros({2, part.channels, height, width});
  return state;
}

TEST(ConvRnn, StateKeepsItsSizeForEveryVariant) {
  for (const auto kind : {ConvRnnKind::kLstm, ConvRnnKind::kGru}) {
    for (const auto norm : {NormLayer::kInstance, NormLayer::kLayer, NormLayer::kNone}) {
      auto cell = conv_rnn_variant(kind).make(
          {.in = 3, .filters = 4, .norm = norm, .separate_norms = norm == NormLayer::kLayer, .vector = 5});
      const auto x = torch::randn({2, 3, 6, 7}), vector = torch::randn({2, 5});
      const auto folded = cell->fold(/*uses=*/1);
      auto step = cell->forward(x, vector, zeros(*cell, 6, 7), folded);
      step = cell->forward(x, vector, step.state, folded);
      EXPECT_EQ(step.state.h.sizes(), (std::vector<int64_t>{2, 4, 6, 7}));
      EXPECT_TRUE(torch::equal(step.output, step.state.h));
    }
  }
}

TEST(ConvRnn, AblationsNormaliseOutsideOrForget) {
  torch::manual_seed(0);
  const auto x = torch::randn({2, 3, 6, 7}) * 3.0;
  const ConvRnnOptions options{.in = 3, .filters = 4};
  const auto outside = make_normed_outside(ConvRnnKind::kLstm, options);
  const auto step = outside->forward(x, {}, zeros(*outside, 6, 7), outside->fold(1));
  EXPECT_TRUE(close(step.output.mean({2, 3}), torch::zeros({2, 4})));
  EXPECT_FALSE(torch::allclose(step.output, step.state.h));
  const auto memoryless = make_memoryless(options, ActivationLayer::kRelu);
  EXPECT_TRUE(memoryless->state_parts().empty());
  EXPECT_GE(memoryless->forward(x, {}, {}, memoryless->fold(1)).output.min().item<double>(), 0.0);
}

}  // namespace
}  // namespace savp::nn
