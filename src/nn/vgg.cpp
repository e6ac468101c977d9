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

// What the published weights expect of red, green and blue.
constexpr double kMean[] = {0.485, 0.456, 0.406}, kDeviation[] = {0.229, 0.224, 0.225};

Tensor colours(const double (&values)[3], const Tensor& like) {
  return torch::tensor(at::ArrayRef<double>(values)).to(like).view({1, 3, 1, 1});
}

}  // namespace

struct Vgg16::Conv : torch::nn::Module {
  Conv(int64_t in, int64_t out)
      : weight(register_parameter("weight", torch::zeros({out, in, 3, 3}), /*requires_grad=*/false)),
        bias(register_parameter("bias", torch::zeros({out}), /*requires_grad=*/false)) {}
  Tensor weight, bias;
};

Vgg16::Vgg16() {
  int64_t in = 3, layer = 0;  // nonlinearities and poolings count as layers
  for (const auto& [filters, convs] : kSizes) {
    sizes_.emplace_back();
    for (int64_t i = 0; i < convs; ++i, layer += 2) {
      sizes_.back().push_back(
          placed(*this, "features." + std::to_string(layer), std::make_shared<Conv>(in, filters)));
      in = filters;
    }
    ++layer;
  }
}

std::vector<Tensor> Vgg16::forward(const Tensor& pictures) const {
  auto h = pictures.size(1) == 1 ? pictures.expand({-1, 3, -1, -1}) : pictures;
  h = (h - colours(kMean, h)) / colours(kDeviation, h);
  std::vector<Tensor> features;
  for (const auto& convs : sizes_) {
    if (!features.empty()) h = torch::max_pool2d(h, 2);
    for (const auto& conv : convs) h = torch::relu(torch::conv2d(h, conv->weight, conv->bias, 1, 1));
    features.push_back(h);
  }
  return features;
}

}  // namespace savp::nn
