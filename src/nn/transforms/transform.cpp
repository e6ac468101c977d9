#include "nn/transforms/transform.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/table.h"
#include "kernels/cdna.h"
#include "kernels/warp.h"

namespace savp::nn {
namespace {

constexpr double kReluShift = 1e-12;

// Each frame with its share of the kernels (axis 1), frame by frame.
template <class Apply>
Tensor warp_each(const std::vector<Tensor>& frames, const Tensor& motions, Apply apply) {
  const auto shares = motions.chunk(static_cast<int64_t>(frames.size()), 1);
  std::vector<Tensor> warped;
  for (size_t i = 0; i < frames.size(); ++i) warped.push_back(apply(frames[i], shares[i]));
  return warped.size() == 1 ? warped.front() : torch::cat(warped, 1);
}

int64_t motions(const TransformOptions& o) { return o.last_frames * o.num_transformed_images; }

// A 3x3 convolution on the cell's last layer, behind a block of its own.
class DenseHead {
 public:
  DenseHead(torch::nn::Module& cell, const TransformOptions& o, const std::string& hidden_scope,
            const std::string& scope, int64_t out)
      : hidden_(placed(cell, o.layer_scope + hidden_scope,
                       std::make_shared<HeadBlock>(o.last_channels, o.hidden, o.norm, o.activation))),
        conv_(placed(cell, scope + ".conv2d", std::make_shared<Conv2d>(ConvOptions{o.hidden, out, {3, 3}}))) {
  }
  Tensor operator()(const Tensor& last) const {
    return conv_->forward(hidden_->forward(last)).to(torch::kFloat);
  }

 private:
  std::shared_ptr<HeadBlock> hidden_;
  std::shared_ptr<Conv2d> conv_;
};

// Convolutional dynamic neural advection (Finn et al. 2016).
class Cdna : public PixelTransform {
 public:
  Cdna(const TransformOptions& o, torch::nn::Module& cell)
      : options_(o),
        dense_(placed(
            cell, "cdna_kernels.dense",
            std::make_shared<Dense>(DenseOptions{o.smallest_channels * o.smallest_height * o.smallest_width,
                                                 o.kernel_size[0] * o.kernel_size[1] * motions(o)}))),
        identity_(identity_kernel(o.kernel_size)) {}

  Motion estimate(const TransformFeatures& features) override {
    const auto [kh, kw] = options_.kernel_size;
    const auto raw = dense_->forward(flatten_channels_last(features.smallest))
                         .to(torch::kFloat)
                         .view({-1, kh, kw, motions(options_)});
    const auto shifted = raw.permute({0, 3, 1, 2}) + identity_.like(raw);
    const auto kernels = normalize_kernels(shifted, 2);
    return {[kernels, dilation = options_.dilation](const std::vector<Tensor>& frames) {
              return warp_each(frames, kernels, [dilation](const Tensor& f, const Tensor& k) {
                return kernels::cdna(f, k, {.dilation = dilation});
              });
            },
            {}};
  }

 private:
  TransformOptions options_;
  std::shared_ptr<Dense> dense_;
  Constant identity_;
};

// Dynamic neural advection (Finn et al. 2016): a kernel at every position.
class Dna : public PixelTransform {
 public:
  Dna(const TransformOptions& o, torch::nn::Module& cell)
      : options_(o),
        head_(cell, o, "_dna_kernel", "dna_kernels", o.kernel_size[0] * o.kernel_size[1] * motions(o)),
        identity_(identity_kernel(o.kernel_size).view({o.kernel_size[0], o.kernel_size[1], 1, 1})) {}

  Motion estimate(const TransformFeatures& features) override {
    const auto [kh, kw] = options_.kernel_size;
    const auto raw = head_(features.last);
    const auto grid = raw.view({raw.size(0), kh, kw, motions(options_), raw.size(2), raw.size(3)})
                          .permute({0, 3, 1, 2, 4, 5});
    const auto kernels = normalize_kernels(grid + identity_.like(raw), 2);
    return {[kernels, dilation = options_.dilation](const std::vector<Tensor>& frames) {
              return warp_each(frames, kernels, [dilation](const Tensor& f, const Tensor& k) {
                return kernels::dna(f, k, {.dilation = dilation});
              });
            },
            {}};
  }

 private:
  TransformOptions options_;
  DenseHead head_;
  Constant identity_;
};

// Optical flow.
class Flow : public PixelTransform {
 public:
  Flow(const TransformOptions& o, torch::nn::Module& cell)
      : options_(o), head_(cell, o, "_flow", "flows", 2 * motions(o)) {}

  Motion estimate(const TransformFeatures& features) override {
    const auto raw = head_(features.last);
    const auto flows =
        raw.view({raw.size(0), 2, motions(options_), raw.size(2), raw.size(3)}).transpose(1, 2);
    const auto warp = [](const Tensor& frame, const Tensor& share) {
      std::vector<Tensor> warped;
      for (const auto& flow : share.unbind(1)) warped.push_back(kernels::flow_warp(frame, flow));
      return torch::stack(warped, 1);
    };
    return {[flows, warp](const std::vector<Tensor>& frames) { return warp_each(frames, flows, warp); },
            flows};
  }

 private:
  TransformOptions options_;
  DenseHead head_;
};

template <class T>
std::shared_ptr<PixelTransform> make(const TransformOptions& options, torch::nn::Module& cell) {
  return std::make_shared<T>(options, cell);
}

}  // namespace

std::shared_ptr<PixelTransform> make_transform(Transformation kind, const TransformOptions& options,
                                               torch::nn::Module& cell) {
  static constexpr std::pair<Transformation,
                             std::shared_ptr<PixelTransform> (*)(const TransformOptions&, torch::nn::Module&)>
      kTable[] = {{Transformation::kDna, make<Dna>},
                  {Transformation::kCdna, make<Cdna>},
                  {Transformation::kFlow, make<Flow>}};
  return row_of(kTable, kind)(options, cell);
}

Tensor normalize_kernels(const Tensor& kernels, int64_t first_kernel_axis) {
  const auto positive = torch::relu(kernels - kReluShift) + kReluShift;
  return positive / positive.sum({first_kernel_axis, first_kernel_axis + 1}, /*keepdim=*/true);
}

Tensor identity_kernel(Size2 size) {
  const auto kernel = torch::zeros({size[0], size[1]});
  kernel.slice(0, (size[0] - 1) / 2, size[0] / 2 + 1).slice(1, (size[1] - 1) / 2, size[1] / 2 + 1).fill_(1.0);
  return kernel / kernel.sum();
}

// With full saturation: each of red, green, blue is 1 within a sixth of the circle from its own direction,
// and 0 beyond a third.
Tensor flow_to_rgb(const Tensor& flows) {
  const auto x = flows.select(-3, 0), y = flows.select(-3, 1);
  const auto length = (x.square() + y.square()).sqrt();
  const auto range = (length.max() - length.min()).clamp_min(std::numeric_limits<float>::min());
  const auto brightness = (length - length.min()) / range;
  const auto sixths = (torch::atan2(y, x) + M_PI) * (6 / (2 * M_PI));
  const auto hue = torch::stack({(sixths - 3).abs() - 1, 2 - (sixths - 2).abs(), 2 - (sixths - 4).abs()}, -3);
  return hue.clamp(0, 1) * brightness.unsqueeze(-3);
}

}  // namespace savp::nn
