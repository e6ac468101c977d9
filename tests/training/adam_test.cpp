#include "savp/training/adam.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

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

TEST(Adam, FollowsTensorFlowsFormulaForTinyGradientsToo) {
  const auto w = torch::tensor({1.0F, 1.0F}).requires_grad_();
  Adam adam({{"w", w}}, 0.5, 0.999);
  Reference large{.w = 1.0}, tiny{.w = 1.0};  // a gradient of the size of epsilon tells where epsilon stands
  for (int step = 0; step < 5; ++step) {
    w.mutable_grad() = torch::tensor({0.3F, 3e-8F});
    adam.step(0.01);
    large.step(0.3, 0.01, 0.5, 0.999);
    tiny.step(3e-8, 0.01, 0.5, 0.999);
  }
  EXPECT_NEAR(w[0].item<double>(), large.w, 2e-6);
  EXPECT_NEAR(w[1].item<double>(), tiny.w, 2e-6);
}

TEST(Adam, ParametersWithoutGradientKeepValueAndMoments) {
  const auto w = torch::ones({2}).requires_grad_(), idle = torch::ones({2}).requires_grad_();
  Adam adam({{"w", w}, {"idle", idle}}, 0.9, 0.999);
  w.mutable_grad() = torch::ones({2});
  adam.step(0.1);
  EXPECT_TRUE(torch::equal(idle, torch::ones({2})));
  EXPECT_FALSE(torch::equal(w, torch::ones({2})));
}

TEST(Adam, GoesOnFromItsState) {
  const auto run = [](int steps, Adam& adam, const Tensor& w) {
    for (int i = 0; i < steps; ++i) {
      w.mutable_grad() = w.detach() * 2.0;
      adam.step(0.05);
    }
  };
  const auto w = torch::full({3}, 1.5).requires_grad_();
  Adam whole({{"w", w}}, 0.9, 0.999);
  run(3, whole, w);
  const auto copy = w.detach().clone().requires_grad_();
  Adam resumed({{"w", copy}}, 0.9, 0.999);
  auto from = whole.state(), to = resumed.state();
  for (size_t i = 0; i < to.size(); ++i) to[i].second.copy_(from[i].second);
  run(2, whole, w);
  run(2, resumed, copy);
  EXPECT_TRUE(torch::equal(w, copy));
}

}  // namespace
}  // namespace savp
