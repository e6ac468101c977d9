#include "kernels/prepared_conv.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <ostream>

namespace savp::kernels {
namespace {

using at::Tensor;

struct Case {
  std::vector<int64_t> input, weight;
  int64_t padding;
  int64_t stride = 1, depth_stride = 1;

  bool flat() const { return input.size() == 4; }
  // Of the largest value. Winograd's points for 5 taps cost about ten times the rounding of the plain sum,
  // for 3 four.
  double tolerance() const { return weight.back() == 5 ? 1e-5 : 4e-6; }
  friend std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << at::IntArrayRef(c.input) << " * " << at::IntArrayRef(c.weight) << " padding " << c.padding
               << " stride " << c.depth_stride << ", " << c.stride;
  }
};

Tensor direct(const Case& c, const Tensor& input, const Tensor& weight, const Tensor& bias = {}) {
  return c.flat() ? at::conv2d(input, weight, bias, c.stride, c.padding)
                  : at::conv3d(input, weight, bias, {c.depth_stride, c.stride, c.stride}, c.padding);
}

double largest_error(const Tensor& x, const Tensor& truth) {
  return ((x.to(at::kDouble) - truth).abs().max() / truth.abs().max()).item<double>();
}

class PreparedConvTest : public testing::TestWithParam<Case> {};

// Three uses of one weight, as in a recurrent cell; the truth is the convolution in double precision.
TEST_P(PreparedConvTest, AgreesWithConvolutionAndItsGradients) {
  const Case& c = GetParam();
  torch::manual_seed(1);
  const auto options = at::TensorOptions().requires_grad(true);
  Tensor weight = torch::randn(c.weight, options), bias = torch::randn({c.weight[0]}, options), loss,
         expected_loss;
  Tensor weight64 = weight.detach().to(at::kDouble).requires_grad_();
  Tensor bias64 = bias.detach().to(at::kDouble).requires_grad_();
  std::vector<Tensor> inputs, inputs64;
  PreparedConv conv(weight, {c.stride, c.depth_stride, c.padding, /*uses=*/1000});
  for (int use = 0; use < 3; ++use) {
    inputs.push_back(torch::randn(c.input, options));
    inputs64.push_back(inputs.back().detach().to(at::kDouble).requires_grad_());
    const Tensor output = conv(inputs.back(), bias), expected = direct(c, inputs64.back(), weight64, bias64);
    ASSERT_EQ(output.sizes(), expected.sizes());
    EXPECT_LT(largest_error(output.detach(), expected.detach()), c.tolerance());
    const Tensor mix = at::randn_like(output);
    const Tensor term = (output * mix).sum(), expected_term = (expected * mix.to(at::kDouble)).sum();
    loss = loss.defined() ? loss + term : term;
    expected_loss = expected_loss.defined() ? expected_loss + expected_term : expected_term;
  }
  loss.backward();
  expected_loss.backward();
  for (size_t use = 0; use < inputs.size(); ++use) {
    EXPECT_LT(largest_error(inputs[use].grad(), inputs64[use].grad()), c.tolerance());
  }
  EXPECT_LT(largest_error(weight.grad(), weight64.grad()), c.tolerance());
  EXPECT_LT(largest_error(bias.grad(), bias64.grad()), c.tolerance());
}

// Along one direction in input, weight and bias at once, in double precision; a central difference of a
// product has no error of its own.
TEST_P(PreparedConvTest, HasTheGradientsOfFiniteDifferences) {
  const Case& c = GetParam();
  torch::manual_seed(2);
  const auto options = at::TensorOptions().requires_grad(true);
  const Tensor x[] = {torch::randn(c.input, options), torch::randn(c.weight, options),
                      torch::randn({c.weight[0]}, options)};
  const auto output = PreparedConv(x[1], {c.stride, c.depth_stride, c.padding, /*uses=*/1000})(x[0], x[2]);
  const auto mix = at::randn_like(output);
  (output * mix).sum().backward();
  const Tensor way[] = {at::randn_like(x[0]), at::randn_like(x[1]), at::randn_like(x[2])};
  const auto moved = [&](int i, double by) {
    return x[i].detach().to(at::kDouble) + by * way[i].to(at::kDouble);
  };
  const auto value = [&](double by) {
    return (direct(c, moved(0, by), moved(1, by), moved(2, by)) * mix.to(at::kDouble)).sum().item<double>();
  };
  constexpr double kStep = 1e-2;
  double slope = 0, size = 0;
  for (int i = 0; i < 3; ++i) {
    const auto shares = x[i].grad().to(at::kDouble) * way[i].to(at::kDouble);
    slope += shares.sum().item<double>();
    size += shares.norm().item<double>();
  }
  EXPECT_NEAR(slope, (value(kStep) - value(-kStep)) / (2 * kStep), c.tolerance() * size);
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, PreparedConvTest,
    testing::Values(Case{{2, 24, 16, 16}, {32, 24, 5, 5}, 2}, Case{{1, 40, 32, 32}, {128, 40, 5, 5}, 2},
                    Case{{4, 136, 8, 8}, {256, 136, 5, 5}, 2}, Case{{3, 17, 7, 11}, {19, 17, 5, 5}, 2},
                    Case{{2, 33, 6, 37}, {16, 33, 5, 5}, 0}, Case{{2, 32, 20, 20}, {32, 32, 3, 3}, 1},
                    Case{{1, 18, 5, 9}, {50, 18, 3, 3}, 1}, Case{{1, 64, 64, 64}, {32, 64, 3, 3}, 1},
                    Case{{2, 16, 5, 16, 16}, {48, 16, 3, 3, 3}, 1},
                    Case{{1, 20, 3, 9, 6}, {16, 20, 3, 3, 3}, 1}, Case{{2, 3, 4, 8, 8}, {32, 3, 3, 3, 3}, 1},
                    Case{{2, 4, 6, 6}, {4, 4, 5, 5}, 2}, Case{{1, 2, 6, 6}, {3, 2, 1, 1}, 0},
                    Case{{2, 24, 16, 16}, {32, 24, 4, 4}, 1, 2}, Case{{3, 17, 9, 14}, {40, 17, 4, 4}, 1, 2},
                    Case{{1, 20, 6, 16, 16}, {32, 20, 4, 4, 4}, 1, 2, 1},
                    Case{{2, 18, 7, 9, 8}, {16, 18, 4, 4, 4}, 1, 2, 2},
                    Case{{1, 16, 6, 7, 7}, {16, 16, 4, 4, 4}, 0, 2, 2},
                    Case{{2, 16, 5, 8, 8}, {16, 16, 3, 3, 3}, 1, 1, 2}));

TEST(PreparedConv, IsReproducible) {
  const Tensor weight = at::randn({32, 16, 5, 5}), input = at::randn({2, 16, 16, 16});
  EXPECT_TRUE(at::equal(PreparedConv(weight, {.padding = 2, .uses = 1000})(input),
                        PreparedConv(weight, {.padding = 2, .uses = 1000})(input)));
}

TEST(PreparedConv, GivesOnlyTheGradientsThatAreAskedFor) {
  Tensor weight = at::randn({32, 16, 5, 5}).requires_grad_(),
         input = at::randn({2, 16, 16, 16}).requires_grad_();
  PreparedConv conv(weight, {.padding = 2, .uses = 1000});
  const Tensor first = conv(input).square().sum(), second = conv(input).square().sum();
  const Tensor alone = torch::autograd::grad({first}, {input}, {}, /*retain_graph=*/true)[0];
  EXPECT_TRUE(alone.defined());
  const Tensor expected = torch::autograd::grad({second}, {weight}, {}, /*retain_graph=*/true)[0];
  const Tensor repeated = torch::autograd::grad({second}, {weight})[0];
  EXPECT_TRUE(at::equal(expected, repeated));  // nothing is left over from the first two
}

TEST(PreparedConv, GivesGradientsAfterAUseWithout) {
  const Tensor weight = torch::randn({32, 16, 5, 5}).requires_grad_(), input = at::randn({2, 16, 16, 16});
  const PreparedConv conv(weight, {.padding = 2, .uses = 1000});
  {
    at::NoGradGuard no_grad;
    EXPECT_FALSE(conv(input).requires_grad());
  }
  conv(input).sum().backward();
  EXPECT_TRUE(weight.grad().defined());
}

TEST(PreparedConv, CanBeUsedAgainAfterItsGradient) {
  const Tensor weight = at::randn({32, 16, 5, 5}).requires_grad_(), input = at::randn({2, 16, 16, 16});
  const PreparedConv conv(weight, {.padding = 2, .uses = 1000});
  const auto use = [&] {
    const Tensor x = input.clone().requires_grad_();
    const Tensor y = conv(x);
    const auto gradients = torch::autograd::grad({y.square().sum()}, {x, weight});
    return std::vector<Tensor>{y, gradients[0], gradients[1]};
  };
  const auto first = use(), second = use();
  for (size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(at::equal(first[i], second[i])) << i;
}

TEST(PreparedConv, WithoutUsesIsAtConvolution) {
  const Tensor weight = at::randn({64, 64, 5, 5}), input = at::randn({8, 64, 32, 32});
  const PreparedConv conv(weight, {.padding = 2, .uses = 0});
  EXPECT_FALSE(winograd_pays(input.sizes(), weight.sizes(), conv.options()));
  EXPECT_TRUE(at::equal(conv(input), at::conv2d(input, weight, {}, 1, 2)));
}

TEST(PreparedConv, NoticesAChangedWeight) {
  Tensor weight = at::randn({32, 16, 5, 5}), input = at::randn({2, 16, 16, 16}).requires_grad_();
  PreparedConv conv(weight, {.padding = 2, .uses = 1000});
  const Tensor loss = conv(input).sum();
  weight.add_(1);
  EXPECT_THROW(loss.backward(), c10::Error);
}

TEST(PreparedConv, RefusesChannelsThatDoNotFit) {
  PreparedConv conv(at::randn({32, 16, 5, 5}), {.padding = 2, .uses = 1000});
  EXPECT_THROW(conv(at::randn({2, 32, 16, 16})), c10::Error);
}

}  // namespace
}  // namespace savp::kernels
