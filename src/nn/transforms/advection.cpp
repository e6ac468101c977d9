#include "nn/transforms/advection.h"

#include <torch/types.h>

#include <utility>

#include "core/table.h"
#include "kernels/warp.h"
#include "nn/slim_layers.h"

namespace savp::nn {
namespace {

int64_t smallest_size(const AdvectionOptions& o) {
  return o.smallest_channels * o.smallest_height * o.smallest_width;
}

class Cdna : public PixelTransform {
 public:
  Cdna(const AdvectionOptions& o, torch::nn::Module& root)
      : options_(o),
        dense_(placed(root, "cdna_params",
                      std::make_shared<SlimDense>(SlimDenseOptions{
                          smallest_size(o), o.kernel_size[0] * o.kernel_size[1] * o.estimated}))) {}

  Motion estimate(const TransformFeatures& features) override {
    const auto raw = dense_->forward(flatten_channels_last(features.smallest))
                         .to(torch::kFloat)
                         .view({-1, options_.kernel_size[0], options_.kernel_size[1], options_.estimated});
    const auto kernels = normalize_kernels(raw.permute({0, 3, 1, 2}).narrow(1, 0, options_.used), 2);
    return {[kernels](const std::vector<Tensor>& frames) {
              return kernels::cdna(frames.back(), kernels, {.border = Border::kConstant});
            },
            {}};
  }

 private:
  AdvectionOptions options_;
  std::shared_ptr<SlimDense> dense_;
};

class Dna : public PixelTransform {
 public:
  Dna(const AdvectionOptions& o, torch::nn::Module& root)
      : size_(o.kernel_size),
        conv_(placed(root, o.dna_scope,
                     std::make_shared<SlimConv>(SlimConvOptions{.in = o.last_channels,
                                                                .out = size_[0] * size_[1],
                                                                .kernel = 1,
                                                                .transposed = true,
                                                                .relu = false}))) {}

  Motion estimate(const TransformFeatures& features) override {
    const auto raw = conv_->forward(features.last).to(torch::kFloat);
    const auto kernels =
        normalize_kernels(raw.view({raw.size(0), 1, size_[0], size_[1], raw.size(2), raw.size(3)}), 2);
    return {[kernels](const std::vector<Tensor>& frames) {
              return kernels::dna(frames.back(), kernels, {.border = Border::kConstant});
            },
            {}};
  }

 private:
  Size2 size_;
  std::shared_ptr<SlimConv> conv_;
};

// Spatial transformers: a map starts from the one that leaves the picture as it is.
class Stp : public PixelTransform {
 public:
  Stp(const AdvectionOptions& o, torch::nn::Module& root)
      : hidden_(placed(
            root, o.stp_scope,
            std::make_shared<SlimDense>(SlimDenseOptions{smallest_size(o), o.stp_units, /*relu=*/true}))) {
    for (int64_t i = 0; i < o.used; ++i)
      maps_.push_back(placed(root, "stp_params" + std::to_string(i) + o.stp_suffix,
                             std::make_shared<SlimDense>(SlimDenseOptions{o.stp_units, 6})));
  }

  Motion estimate(const TransformFeatures& features) override {
    const auto hidden = hidden_->forward(flatten_channels_last(features.smallest));
    std::vector<Tensor> raw;
    for (const auto& map : maps_) raw.push_back(map->forward(hidden).to(torch::kFloat).view({-1, 2, 3}));
    const auto maps = torch::stack(raw, 1) + torch::eye(2, 3, raw.front().options());
    return {[maps](const std::vector<Tensor>& frames) { return kernels::affine_warp(frames.back(), maps); },
            {}};
  }

 private:
  std::shared_ptr<SlimDense> hidden_;
  std::vector<std::shared_ptr<SlimDense>> maps_;
};

template <class T>
std::shared_ptr<PixelTransform> make(const AdvectionOptions& options, torch::nn::Module& root) {
  return std::make_shared<T>(options, root);
}

}  // namespace

std::shared_ptr<PixelTransform> make_advection(Advection kind, const AdvectionOptions& options,
                                               torch::nn::Module& root) {
  static constexpr std::pair<Advection,
                             std::shared_ptr<PixelTransform> (*)(const AdvectionOptions&, torch::nn::Module&)>
      kTable[] = {{Advection::kCdna, make<Cdna>}, {Advection::kDna, make<Dna>}, {Advection::kStp, make<Stp>}};
  return row_of(kTable, kind)(options, root);
}

}  // namespace savp::nn
