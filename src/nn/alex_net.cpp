#include "nn/alex_net.h"

#include <torch/types.h>

#include <string>

#include "nn/layers.h"

namespace savp::nn {
namespace {

struct ConvRow {
  int64_t layer;  // nonlinearities and poolings count as layers
  int64_t filters, side, stride, padding;
  bool pooled;  // what it sees: the maximum of 3 x 3 at every other place
};
constexpr ConvRow kConvs[] = {{0, 64, 11, 4, 2, false},
                              {3, 192, 5, 1, 2, true},
                              {6, 384, 3, 1, 1, true},
                              {8, 256, 3, 1, 1, false},
                              {10, 256, 3, 1, 1, false}};

}  // namespace

AlexNet::AlexNet() {
  int64_t in = 3;
  for (const auto& row : kConvs) {
    convs_.push_back(placed(*this, "features." + std::to_string(row.layer),
                            std::make_shared<FrozenConv>(in, row.filters, row.side)));
    in = row.filters;
  }
}

std::vector<Tensor> AlexNet::forward(const Tensor& pictures) const {
  auto h = normalized_pictures(pictures);
  std::vector<Tensor> features;
  for (size_t i = 0; i < convs_.size(); ++i) {
    if (kConvs[i].pooled) h = torch::max_pool2d(h, 3, 2);
    h = convs_[i]->forward(h, kConvs[i].stride, kConvs[i].padding);
    features.push_back(h);
  }
  return features;
}

std::vector<int64_t> AlexNet::filters() const {
  std::vector<int64_t> filters;
  for (const auto& row : kConvs) filters.push_back(row.filters);
  return filters;
}

}  // namespace savp::nn
