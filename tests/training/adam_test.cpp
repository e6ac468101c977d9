#include "training/adam.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

namespace savp {
namespace {

// TensorFlow's formula in double precision.
struct Reference {
  double m = 0, v = 0, power1 = 1, power2 = 1, w;
  void step(double g, double lr, double beta1, double beta2) {
    power1 *= beta1;
    power2 *= beta2;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    w -= lr * std::sqrt(1 - power2) / (1 - power1) * m / (std::sqrt(v) + 1e-8);
  }
};

Tensor rate(double value) { return torch::full({}, value); }

TEST(Adam, FollowsTensorFlowsFormulaForTinyGradientsToo) {
  const auto w = torch::tensor({1.0F, 1.0F}).requires_grad_();
  Adam adam({{"w", w}}, {.beta1 = 0.5, .beta2 = 0.999});
  Reference large{.w = 1.0}, tiny{.w = 1.0};  // a gradient of the size of epsilon tells where epsilon stands
  for (int step = 0; step < 5; ++step) {
    w.mutable_grad() = torch::tensor({0.3F, 3e-8F});
    adam.step(rate(0.01));
    large.step(0.3, 0.01, 0.5, 0.999);
    tiny.step(3e-8, 0.01, 0.5, 0.999);
  }
  EXPECT_NEAR(w[0].item<double>(), large.w, 2e-6);
  EXPECT_NEAR(w[1].item<double>(), tiny.w, 2e-6);
}

TEST(Adam, ParametersWithoutGradientKeepValueAndMoments) {
  const auto w = torch::ones({2}).requires_grad_(), idle = torch::ones({2}).requires_grad_();
  Adam adam({{"w", w}, {"idle", idle}}, {.beta1 = 0.9, .beta2 = 0.999});
  w.mutable_grad() = torch::ones({2});
  adam.step(rate(0.1));
  EXPECT_TRUE(torch::equal(idle, torch::ones({2})));
  EXPECT_FALSE(torch::equal(w, torch::ones({2})));
}

TEST(Adam, GoesOnFromItsState) {
  const auto run = [](int steps, Adam& adam, const Tensor& w) {
    for (int i = 0; i < steps; ++i) {
      w.mutable_grad() = w.detach() * 2.0;
      adam.step(rate(0.05));
    }
  };
  const auto w = torch::full({3}, 1.5).requires_grad_();
  Adam whole({{"w", w}}, {.beta1 = 0.9, .beta2 = 0.999});
  run(3, whole, w);
  const auto copy = w.detach().clone().requires_grad_();
  Adam resumed({{"w", copy}}, {.beta1 = 0.9, .beta2 = 0.999});
  auto from = whole.state(), to = resumed.state();
  for (size_t i = 0; i < to.size(); ++i) to[i].second.copy_(from[i].second);
  run(2, whole, w);
  run(2, resumed, copy);
  EXPECT_TRUE(torch::equal(w, copy));
}

// What differs in the last place is how a device's own update and plain operators round.
TEST(Adam, FusedAndComposedUpdatesAgree) {
  const auto make = [](const Tensor& skip) {
    torch::manual_seed(3);
    AdamUpdate u{.rate = rate(0.01), .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .skip = skip};
    u.parameters = {torch::randn({5, 3}), torch::randn({7})};
    u.gradients = {torch::randn({5, 3}), torch::randn({7})};
    u.m = {torch::randn({5, 3}), torch::randn({7})};
    u.v = {torch::rand({5, 3}), torch::rand({7})};
    return u;
  };
  for (const auto& skip : {Tensor(), rate(0), rate(1)}) {
    const auto before = make(skip), fused = make(skip), composed = make(skip);
    adam_update(fused);
    adam_update_composed(composed);
    for (const auto tensors : {&AdamUpdate::parameters, &AdamUpdate::m, &AdamUpdate::v})
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_TRUE(torch::allclose((fused.*tensors)[i], (composed.*tensors)[i], 1e-6, 1e-7));
        const bool skipped = skip.defined() && skip.item<float>() == 1;
        EXPECT_EQ(torch::equal((fused.*tensors)[i], (before.*tensors)[i]), skipped);
      }
  }
}

TEST(Adam, TellsWhatIsNotFinite) {
  const auto w = torch::ones({3}).requires_grad_();
  Adam adam({{"w", w}}, {.beta1 = 0.9, .beta2 = 0.999});
  const auto inf = std::numeric_limits<float>::infinity();
  w.mutable_grad() = torch::ones({3});
  EXPECT_EQ(adam.not_finite(rate(1)).item<float>(), 0);
  EXPECT_EQ(adam.not_finite({}).item<float>(), 0);
  EXPECT_EQ(adam.not_finite(rate(inf)).item<float>(), 1);
  w.mutable_grad() = torch::tensor({1.0F, NAN, 1.0F});
  EXPECT_EQ(adam.not_finite(rate(1)).item<float>(), 1);
  EXPECT_TRUE(torch::equal(w.grad().slice(0, 0, 1), torch::ones({1})));  // the gradient stays
}

TEST(Adam, ASkippedUpdateLeavesNoTrace) {
  const auto run = [](bool with_bad_step) {
    const auto w = torch::full({3}, 1.5).requires_grad_();
    Adam adam({{"w", w}}, {.beta1 = 0.9, .beta2 = 0.999});
    for (int i = 0; i < 3; ++i) {
      if (with_bad_step && i == 1) {
        w.mutable_grad() = torch::full({3}, NAN);
        adam.step(rate(0.05), adam.not_finite({}));
      }
      w.mutable_grad() = w.detach() * 2.0;
      adam.step(rate(0.05), adam.not_finite({}));
    }
    return w.detach().clone();
  };
  EXPECT_TRUE(torch::equal(run(false), run(true)));
}

// All gradients together are scaled to the norm, and kernels, not biases, lose their share.
TEST(Adam, ClipsAndDecays) {
  const auto make = [](const AdamOptions& options, double scale, Tensor& kernel, Tensor& bias) {
    kernel = torch::full({2, 2}, 2.0, torch::requires_grad());
    bias = torch::full({3}, 2.0, torch::requires_grad());
    kernel.mutable_grad() = torch::full({2, 2}, 3.0 * scale);
    bias.mutable_grad() = torch::full({3}, 4.0 * scale);
    Adam adam({{"kernel", kernel}, {"bias", bias}}, options);
    adam.step(torch::tensor(0.1F));
  };
  Tensor kernel, bias, small_kernel, small_bias;
  const double norm = std::sqrt(4 * 9.0 + 3 * 16.0);
  make({.epsilon = 1.0, .clip_norm = 0.5}, 1.0, kernel, bias);
  make({.epsilon = 1.0}, 0.5 / norm, small_kernel, small_bias);
  EXPECT_TRUE(torch::allclose(kernel, small_kernel)) << "as if they had that norm";
  EXPECT_TRUE(torch::allclose(bias, small_bias));
  make({.epsilon = 1.0, .clip_norm = 10 * norm}, 1.0, kernel, bias);
  make({.epsilon = 1.0}, 1.0, small_kernel, small_bias);
  EXPECT_TRUE(torch::equal(kernel, small_kernel)) << "small ones stay as they are";
  make({.epsilon = 1.0, .weight_decay = 0.5}, 1.0, kernel, bias);
  EXPECT_TRUE(torch::allclose(kernel, small_kernel - 2.0 * 0.1 * 0.5));
  EXPECT_TRUE(torch::equal(bias, small_bias));
}

TEST(Adam, DecaysNothingInASkippedStep) {
  auto w = torch::full({2, 2}, 2.0, torch::requires_grad());
  w.mutable_grad() = torch::full({2, 2}, NAN);
  Adam adam({{"w", w}}, {.clip_norm = 1.0, .weight_decay = 0.5});
  adam.step(torch::tensor(0.1F), adam.not_finite({}));
  EXPECT_TRUE(torch::equal(w, torch::full({2, 2}, 2.0)));
}

}  // namespace
}  // namespace savp
