#include "metrics/variants.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "metrics/metrics.h"

namespace savp {
namespace {

using at::Tensor;

double pixels_of(const Tensor& pictures) {
  return static_cast<double>(pictures.size(-3) * pictures.size(-2) * pictures.size(-1));
}

// [..., 1 or 3, H, W] in [0, 1] -> [..., 1, H, W], of 256 levels.
Tensor luma(const Tensor& pictures) {
  const auto bytes = (pictures.nan_to_num().clamp(0, 1) * 255.0F).floor();
  if (pictures.size(-3) == 1) return bytes / 255.0F;
  const auto weights = at::tensor({19595.0, 38470.0, 7471.0}, bytes.options().dtype(at::kDouble));
  const auto sum = (bytes.to(at::kDouble) * weights.view({3, 1, 1})).sum(-3, /*keepdim=*/true);
  return (((sum + 32768.0) / 65536.0).floor() / 255.0).to(at::kFloat);
}

// Means within windows of 7 x 7, [..., C, H, W] -> [..., C, H - 6, W - 6].
Tensor window_mean(const Tensor& values) {
  auto sizes = values.sizes().vec();
  const auto means = at::avg_pool2d(values.reshape({-1, 1, sizes[sizes.size() - 2], sizes.back()}), 7, 1);
  for (const size_t axis : {sizes.size() - 2, sizes.size() - 1}) sizes[axis] -= 6;
  return means.view(sizes);
}

}  // namespace

Tensor psnr_of_channels(const Tensor& a, const Tensor& b) {
  return (a - b).square().mean({-2, -1}).log10().mean(-1) * -10.0;
}

Tensor psnr_of_mean_error(const Tensor& a, const Tensor& b) {
  const auto errors = mse(a, b);
  return (errors.mean(0, /*keepdim=*/true).log10() * -10.0).expand_as(errors).contiguous();
}

Tensor ssim_of_luma(const Tensor& a, const Tensor& b) { return ssim(luma(a), luma(b)); }

Tensor ssim_of_uniform_window(const Tensor& a, const Tensor& b) {
  constexpr double kRange = 2, kLevel = 0.01 * kRange * 0.01 * kRange,
                   kContrast = 0.03 * kRange * 0.03 * kRange, kSample = 49.0 / 48.0;
  SAVP_CHECK(a.size(-2) >= 7 && a.size(-1) >= 7, UsageError,
             "ssim needs frames of at least 7x7 pixels, these are ", a.size(-2), "x", a.size(-1));
  const auto x = a.to(at::kDouble), y = b.to(at::kDouble);
  const auto mean_x = window_mean(x), mean_y = window_mean(y);
  const auto variance_x = kSample * (window_mean(x * x) - mean_x * mean_x);
  const auto variance_y = kSample * (window_mean(y * y) - mean_y * mean_y);
  const auto covariance = kSample * (window_mean(x * y) - mean_x * mean_y);
  const auto alike = (2 * mean_x * mean_y + kLevel) * (2 * covariance + kContrast);
  const auto scale = (mean_x * mean_x + mean_y * mean_y + kLevel) * (variance_x + variance_y + kContrast);
  return (alike / scale).mean({-3, -2, -1}).to(at::kFloat);
}

Tensor summed_squares(const Tensor& a, const Tensor& b) { return mse(a, b) * pixels_of(a); }

Tensor summed_differences(const Tensor& a, const Tensor& b) { return mae(a, b) * pixels_of(a); }

}  // namespace savp
