#include "kernels/warp.h"

#include <torch/types.h>

namespace savp::kernels {

using at::Tensor;

Tensor dna(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  const auto patches = torch::im2col(padded_for(image, kernels, options), {kernels.size(2), kernels.size(3)},
                                     options.dilation, {0, 0}, {1, 1})
                           .view({image.size(0), 1, image.size(1), -1, image.size(2), image.size(3)});
  return (patches * kernels.flatten(2, 3).unsqueeze(2)).sum(3);
}

Tensor flow_warp(const Tensor& image, const Tensor& flow) {
  const int64_t height = image.size(2), width = image.size(3);
  const auto whole = flow.detach().floor();
  const auto share = flow - whole;
  const auto rows = torch::arange(height, image.options()).view({1, height, 1});
  const auto columns = torch::arange(width, image.options()).view({1, 1, width});
  const auto left = columns + whole.select(1, 0), top = rows + whole.select(1, 1);
  const auto pixels = image.flatten(2);
  const auto corner = [&](int64_t right, int64_t below) {
    const auto x = (left + right).clamp(0, width - 1), y = (top + below).clamp(0, height - 1);
    // Of flows that are not numbers, the weight will not be one either.
    const auto index =
        (y * width + x).nan_to_num().to(torch::kLong).flatten(1).unsqueeze(1).expand({-1, image.size(1), -1});
    const auto wx = share.select(1, 0), wy = share.select(1, 1);
    const auto weight = (right == 1 ? wx : 1.0 - wx) * (below == 1 ? wy : 1.0 - wy);
    return pixels.gather(2, index).view_as(image) * weight.unsqueeze(1);
  };
  return corner(0, 0) + corner(0, 1) + corner(1, 0) + corner(1, 1);
}

Tensor affine_warp(const Tensor& image, const Tensor& maps) {
  constexpr int64_t kBilinear = 0, kBorder = 1;
  const int64_t batch = image.size(0), count = maps.size(1);
  const auto grid = torch::affine_grid_generator(maps.flatten(0, 1),
                                                 {batch * count, image.size(1), image.size(2), image.size(3)},
                                                 /*align_corners=*/true);
  return torch::grid_sampler(image.repeat_interleave(count, 0), grid, kBilinear, kBorder,
                             /*align_corners=*/true)
      .unflatten(0, {batch, count});
}

}  // namespace savp::kernels
