#include "nn/vgg.h"

#include <torch/types.h>

#include <string>

#include "nn/layers.h"

namespace savp::nn {
namespace {

struct SizeRow {
  int64_t filters, convs;
};
constexpr SizeRow kSizes[] = {{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}};

}  // namespace

Vgg16::Vgg16() {
  int64_t in = 3, layer = 0;  // nonlinearities and poolings count as layers
  for (const auto& [filters, convs] : kSizes) {
    sizes_.emplace_back();
    for (int64_t i = 0; i < convs; ++i, layer += 2) {
      sizes_.back().push_back(placed(*this, "features." + std::to_string(layer),
                                     std::make_shared<FrozenConv>(in, filters, /*side=*/3)));
      in = filters;
    }
    ++layer;
  }
}

std::vector<Tensor> Vgg16::forward(const Tensor& pictures) const {
  auto h = normalized_pictures(pictures);
  std::vector<Tensor> features;
  for (const auto& convs : sizes_) {
    if (!features.empty()) h = torch::max_pool2d(h, 2);
    for (const auto& conv : convs) h = conv->forward(h, /*stride=*/1, /*padding=*/1);
    features.push_back(h);
  }
  return features;
}

std::vector<int64_t> Vgg16::filters() const {
  std::vector<int64_t> filters;
  for (const auto& size : kSizes) filters.push_back(size.filters);
  return filters;
}

}  // namespace savp::nn
