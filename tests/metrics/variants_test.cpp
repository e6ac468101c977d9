#include "metrics/variants.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "metrics/metrics.h"

namespace savp {
namespace {

using at::Tensor;

Tensor pictures(uint64_t seed, int64_t channels = 3) {
  torch::manual_seed(seed);
  return torch::rand({4, 2, channels, 24, 20});
}

TEST(Variants, PsnrOfChannelsIsTheMeanOverChannels) {
  const auto a = pictures(1), b = pictures(2);
  Tensor sum = torch::zeros({4, 2});
  for (int64_t c = 0; c < 3; ++c) sum += psnr(a.slice(2, c, c + 1), b.slice(2, c, c + 1));
  EXPECT_TRUE(torch::allclose(psnr_of_channels(a, b), sum / 3, 1e-5, 1e-5));
  const auto gray_a = pictures(1, 1), gray_b = pictures(2, 1);
  EXPECT_TRUE(torch::allclose(psnr_of_channels(gray_a, gray_b), psnr(gray_a, gray_b)));
}

TEST(Variants, PsnrOfMeanErrorIsOneNumberAVideo) {
  const auto a = pictures(3), b = pictures(4) * torch::tensor({1.0, 0.5, 0.1, 0.0}).view({4, 1, 1, 1, 1});
  const auto found = psnr_of_mean_error(a, b);
  ASSERT_EQ(found.sizes(), (std::vector<int64_t>{4, 2}));
  for (int64_t t = 0; t < 4; ++t) EXPECT_TRUE(torch::allclose(found[t], mse(a, b).mean(0).log10() * -10));
  EXPECT_TRUE((found.mean(0) < psnr(a, b).mean(0)).all().item<bool>());  // Jensen
}

// A frame that is not rounded has the value of its bytes, and gray ones are their own luma.
TEST(Variants, SsimOfLumaSeesBytes) {
  const auto a = pictures(5), b = (a + 0.1 * pictures(6)).clamp(0, 1);
  const auto bytes = [](const Tensor& x) { return (x * 255).floor() / 255; };
  EXPECT_TRUE(torch::equal(ssim_of_luma(a, b), ssim_of_luma(bytes(a) + 1e-4, bytes(b) + 1e-4)));
  const auto gray = bytes(pictures(7, 1)), other = bytes(pictures(8, 1));
  EXPECT_TRUE(torch::allclose(ssim_of_luma(gray, other), ssim(gray, other), 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(ssim_of_luma(gray.expand({4, 2, 3, 24, 20}), other.expand({4, 2, 3, 24, 20})),
                              ssim(gray, other), 1e-5, 1e-6));
  const auto red = torch::zeros({1, 1, 3, 16, 16});
  red.select(2, 0).fill_(1);
  EXPECT_TRUE(
      torch::allclose(ssim_of_luma(red, torch::full({1, 1, 1, 16, 16}, 76.0 / 255)), torch::ones({1, 1})));
}

// Computed window by window from the formula in scikit-image's documentation, with its parameters.
TEST(Variants, SsimOfUniformWindowIsThatOfTheFormula) {
  const auto y = torch::arange(10).view({10, 1}).to(torch::kFloat),
             x = torch::arange(9).view({1, 9}).to(torch::kFloat);
  const auto a = ((y * 7 + x * 3).remainder(11) / 10).view({1, 1, 1, 10, 9}),
             b = ((y * 5 + x * 2).remainder(7) / 6).view({1, 1, 1, 10, 9});
  EXPECT_NEAR(ssim_of_uniform_window(a, b).item<double>(), -0.29249611366747136, 1e-6);
  EXPECT_NEAR(ssim_of_uniform_window(a, a).item<double>(), 1.0, 1e-9);
}

TEST(Variants, SumsAreMeansTimesThePixels) {
  const auto a = pictures(9), b = pictures(10);
  EXPECT_TRUE(torch::allclose(summed_squares(a, b), (a - b).square().sum({2, 3, 4}), 1e-5));
  EXPECT_TRUE(torch::allclose(summed_differences(a, b), (a - b).abs().sum({2, 3, 4}), 1e-5));
}

}  // namespace
}  // namespace savp
