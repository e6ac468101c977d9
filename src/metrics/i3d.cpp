#include "metrics/i3d.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "core/precision.h"
#include "nn/layers.h"

namespace savp {
namespace {

using Size3 = std::array<int64_t, 3>;

// TensorFlow's SAME: what comes before and after each axis, in the order of constant_pad_nd.
std::vector<int64_t> same_padding(const Tensor& x, const Size3& side, const Size3& stride) {
  std::vector<int64_t> padding;
  for (int axis = 2; axis >= 0; --axis) {
    const auto size = x.size(2 + axis), steps = (size + stride[axis] - 1) / stride[axis];
    const auto missing = std::max<int64_t>(0, (steps - 1) * stride[axis] + side[axis] - size);
    padding.push_back(missing / 2);
    padding.push_back(missing - missing / 2);
  }
  return padding;
}

Tensor max_pool(const Tensor& x, const Size3& side, const Size3& stride) {
  constexpr double kNothing = -std::numeric_limits<double>::infinity();
  return torch::max_pool3d(torch::constant_pad_nd(x, same_padding(x, side, stride), kNothing), side, stride);
}

// Which two values lie around a place of the enlarged axis, and how far it is from the first.
struct Places {
  Tensor first, second, share;
};
Places places(int64_t from, int64_t to, bool half_pixel, const at::Device& device) {
  const auto scale = static_cast<float>(from) / static_cast<float>(to);
  const auto index = torch::arange(to, torch::kFloat);
  const auto place = half_pixel ? ((index + 0.5) * scale - 0.5).clamp_min(0) : index * scale;
  const auto first = place.floor();
  return {first.to(torch::kLong).to(device), (first + 1).clamp_max(from - 1).to(torch::kLong).to(device),
          (place - first).to(device)};
}

// Bilinear resizing of [..., H, W]: along the rows, then along the columns.
Tensor resized(const Tensor& pictures, int64_t side, bool half_pixel) {
  const auto columns = places(pictures.size(-1), side, half_pixel, pictures.device());
  const auto left = pictures.index_select(-1, columns.first);
  const auto wide = left + (pictures.index_select(-1, columns.second) - left) * columns.share;
  const auto rows = places(pictures.size(-2), side, half_pixel, pictures.device());
  const auto top = wide.index_select(-2, rows.first);
  return top + (wide.index_select(-2, rows.second) - top) * rows.share.unsqueeze(-1);
}

}  // namespace

struct I3d::Unit : torch::nn::Module {
  Unit(int64_t in, int64_t out, int64_t side, int64_t stride)
      : weight(register_parameter("weight", torch::zeros({out, in, side, side, side}), false)),
        bias(register_parameter("bias", torch::zeros({out}), false)),
        side(side),
        stride(stride) {}

  Tensor forward(const Tensor& x) const {
    const auto padding = same_padding(x, {side, side, side}, {stride, stride, stride});
    const bool even = padding[0] == padding[1] && padding[2] == padding[3] && padding[4] == padding[5];
    if (even) return torch::conv3d(x, weight, bias, stride, {padding[4], padding[2], padding[0]});
    return torch::conv3d(torch::constant_pad_nd(x, padding), weight, bias, stride);
  }

  Tensor weight, bias;
  int64_t side, stride;
};

// Four branches side by side.
struct I3d::Mixed {
  std::shared_ptr<Unit> only, narrow_1, wide_1, narrow_2, wide_2, pooled;

  Tensor forward(const Tensor& x) const {
    const auto after = [](const std::shared_ptr<Unit>& unit, const Tensor& input) {
      return unit->forward(input).relu_();
    };
    return torch::cat({after(only, x), after(wide_1, after(narrow_1, x)), after(wide_2, after(narrow_2, x)),
                       after(pooled, max_pool(x, {3, 3, 3}, {1, 1, 1}))},
                      1);
  }
};

std::shared_ptr<I3d::Unit> I3d::unit(const std::string& name, int64_t in, int64_t out, int64_t side,
                                     int64_t stride) {
  return nn::placed(*this, name, std::make_shared<Unit>(in, out, side, stride));
}

I3d::I3d() {
  const auto conv = [&](const char* name, int64_t in, int64_t out, int64_t side, int64_t stride = 1) {
    steps_.emplace_back(
        [layer = unit(name, in, out, side, stride)](const Tensor& x) { return layer->forward(x).relu_(); });
  };
  const auto pool = [&](Size3 side, Size3 stride) {
    steps_.emplace_back([=](const Tensor& x) { return max_pool(x, side, stride); });
  };
  int64_t channels = 192;
  const auto mixed = [&](const std::string& name, const std::array<int64_t, 6>& out) {
    const Mixed layers{.only = unit(name + ".Branch_0.Conv3d_0a_1x1", channels, out[0], 1),
                       .narrow_1 = unit(name + ".Branch_1.Conv3d_0a_1x1", channels, out[1], 1),
                       .wide_1 = unit(name + ".Branch_1.Conv3d_0b_3x3", out[1], out[2], 3),
                       .narrow_2 = unit(name + ".Branch_2.Conv3d_0a_1x1", channels, out[3], 1),
                       .wide_2 = unit(name + ".Branch_2.Conv3d_0b_3x3", out[3], out[4], 3),
                       .pooled = unit(name + ".Branch_3.Conv3d_0b_1x1", channels, out[5], 1)};
    steps_.emplace_back([layers](const Tensor& x) { return layers.forward(x); });
    channels = out[0] + out[2] + out[4] + out[5];
  };
  conv("Conv3d_1a_7x7", 3, 64, 7, 2);
  pool({1, 3, 3}, {1, 2, 2});
  conv("Conv3d_2b_1x1", 64, 64, 1);
  conv("Conv3d_2c_3x3", 64, 192, 3);
  pool({1, 3, 3}, {1, 2, 2});
  mixed("Mixed_3b", {64, 96, 128, 16, 32, 32});
  mixed("Mixed_3c", {128, 128, 192, 32, 96, 64});
  pool({3, 3, 3}, {2, 2, 2});
  mixed("Mixed_4b", {192, 96, 208, 16, 48, 64});
  mixed("Mixed_4c", {160, 112, 224, 24, 64, 64});
  mixed("Mixed_4d", {128, 128, 256, 24, 64, 64});
  mixed("Mixed_4e", {112, 144, 288, 32, 64, 64});
  mixed("Mixed_4f", {256, 160, 320, 32, 128, 128});
  pool({2, 2, 2}, {2, 2, 2});
  mixed("Mixed_5b", {256, 160, 320, 32, 128, 128});
  mixed("Mixed_5c", {384, 192, 384, 48, 128, 128});
  steps_.emplace_back([](const Tensor& x) { return torch::avg_pool3d(x, {2, kSide / 32, kSide / 32}, 1); });
  steps_.emplace_back([layer = unit("Logits.Conv3d_0c_1x1", channels, kClasses, 1)](const Tensor& x) {
    return layer->forward(x).mean({2, 3, 4});
  });
}

Tensor I3d::forward(const Tensor& videos) const {
  TORCH_CHECK(videos.dim() == 5 && videos.size(1) == 3 && videos.size(2) >= kFewestFrames &&
                  videos.size(3) == kSide && videos.size(4) == kSide,
              "I3D cannot look at videos ", videos.sizes());
  const at::NoGradGuard no_grad;
  const ProductPrecision exact(Precision::kFp32);
  auto x = videos;
  for (const auto& step : steps_) x = step(x);
  return x;
}

Tensor i3d_input(const Tensor& videos, const I3dInput& how) {
  const auto scaled = videos.nan_to_num().clamp(0, 1) * 255.0F;
  const auto levels = how.bytes ? scaled.floor() : scaled;
  const auto coloured = videos.size(2) == 1 ? levels.expand({-1, -1, 3, -1, -1}) : levels;
  const auto large = resized(coloured, I3d::kSide, how.half_pixel);
  return (2 * large / 255 - 1).permute({1, 2, 0, 3, 4}).contiguous();
}

}  // namespace savp
