#include "metrics/metrics.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"

namespace savp {
namespace {

using at::Tensor;

constexpr int64_t kWindow = 11;                                      // pixels
constexpr double kWindowDeviation = 1.5;                             // pixels
constexpr double kLuminance = 0.01 * 0.01, kContrast = 0.03 * 0.03;  // (K1 L)^2 and (K2 L)^2 with range L = 1

void check_same_pictures(const Tensor& a, const Tensor& b) {
  SAVP_CHECK(a.dim() >= 3 && b.dim() >= 3 && a.sizes().slice(a.dim() - 3) == b.sizes().slice(b.dim() - 3),
             UsageError, "frames of different sizes cannot be compared: ", a.sizes(), " and ", b.sizes());
}

Tensor mean_over_picture(const Tensor& values) { return values.mean({-3, -2, -1}); }

// [kWindow], sums to 1.
Tensor gaussian_window(const Tensor& like) {
  const auto distance = at::arange(kWindow, like.options()) - (kWindow - 1) / 2;
  return (distance.square() / (-2 * kWindowDeviation * kWindowDeviation)).softmax(0);
}

// Local weighted means, [..., C, H, W] -> [..., C, H - 10, W - 10]; the window is a product of two, one
// an axis.
Tensor local_mean(const Tensor& values, const Tensor& window) {
  auto sizes = values.sizes().vec();
  const auto planes = values.reshape({-1, 1, sizes[sizes.size() - 2], sizes.back()});
  const auto rows = at::conv2d(planes, window.view({1, 1, 1, kWindow}));
  for (size_t axis : {sizes.size() - 2, sizes.size() - 1}) sizes[axis] -= kWindow - 1;
  return at::conv2d(rows, window.view({1, 1, kWindow, 1})).view(sizes);
}

}  // namespace

Tensor mse(const Tensor& a, const Tensor& b) {
  check_same_pictures(a, b);
  return mean_over_picture((a - b).square());
}

Tensor mae(const Tensor& a, const Tensor& b) {
  check_same_pictures(a, b);
  return mean_over_picture((a - b).abs());
}

Tensor gradient_energy(const Tensor& pictures) {
  const auto down = pictures.diff(1, -2), across = pictures.diff(1, -1);
  return mean_over_picture(down.square()) + mean_over_picture(across.square());
}

Tensor psnr(const Tensor& a, const Tensor& b) { return mse(a, b).log10() * -10.0; }

Tensor ssim(const Tensor& a, const Tensor& b) {
  check_same_pictures(a, b);
  SAVP_CHECK(a.size(-2) >= kWindow && a.size(-1) >= kWindow, UsageError, "ssim needs frames of at least ",
             kWindow, "x", kWindow, " pixels, these are ", a.size(-2), "x", a.size(-1),
             ": choose a larger scale_size or crop_size");
  const auto window = gaussian_window(a);
  // Second moments are taken of centred pictures: E[x^2] - E[x]^2 would lose most digits of a bright,
  // flat one.
  const auto level_a = a.mean({-2, -1}, /*keepdim=*/true), level_b = b.mean({-2, -1}, /*keepdim=*/true);
  const auto x = a - level_a, y = b - level_b;
  const auto mean_x = local_mean(x, window), mean_y = local_mean(y, window);
  const auto covariance = local_mean(x * y, window) - mean_x * mean_y;
  const auto variances = local_mean(x.square() + y.square(), window) - (mean_x.square() + mean_y.square());
  const auto mean_a = mean_x + level_a, mean_b = mean_y + level_b;
  const auto luminance =
      (2 * mean_a * mean_b + kLuminance) / (mean_a.square() + mean_b.square() + kLuminance);
  return mean_over_picture(luminance * (2 * covariance + kContrast) / (variances + kContrast));
}

Metric frame_metric(MetricName name, Metric::Measure measure) {
  const auto& traits = traits_of(name);
  return {enum_name(name), std::move(measure), traits.better == Better::kHigher, traits.decimals,
          traits.definition};
}

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> kMetrics = {frame_metric(MetricName::kPsnr, psnr),
                                               frame_metric(MetricName::kMse, mse),
                                               frame_metric(MetricName::kSsim, ssim)};
  return kMetrics;
}

}  // namespace savp
