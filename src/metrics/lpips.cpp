#include "metrics/lpips.h"

#include <torch/types.h>

#include "core/error.h"
#include "core/precision.h"

namespace savp {
namespace {

using at::Tensor;

std::vector<int64_t> with_leading_axes(const Tensor& pictures, const Tensor& features) {
  auto sizes = pictures.sizes().vec();
  for (int64_t axis = 1; axis <= 3; ++axis) sizes[sizes.size() - axis] = features.size(-axis);
  return sizes;
}

}  // namespace

Lpips::Lpips(std::shared_ptr<nn::ImageNetFeatures> net) : net_(std::move(net)) {
  for (const auto filters : net_->filters()) weights_.push_back(torch::zeros({1, filters, 1, 1}));
}

std::vector<std::pair<std::string, Tensor>> Lpips::variables() const {
  std::vector<std::pair<std::string, Tensor>> variables;
  for (const auto& item : net_->named_parameters()) variables.emplace_back(item.key(), item.value());
  for (size_t i = 0; i < weights_.size(); ++i)
    variables.emplace_back(concat("lin", i, ".model.1.weight"), weights_[i]);
  return variables;
}

void Lpips::to(const at::Device& device) {
  net_->to(device);
  for (auto& weight : weights_) weight = weight.to(device);
}

Tensor Lpips::distance(const Tensor& a, const Tensor& b) const {
  SAVP_CHECK(a.dim() >= 3 && b.dim() >= 3 && a.sizes().slice(a.dim() - 3) == b.sizes().slice(b.dim() - 3),
             UsageError, "pictures of different sizes cannot be compared: ", a.sizes(), " and ", b.sizes());
  SAVP_CHECK(a.size(-2) >= smallest_side() && a.size(-1) >= smallest_side(), UsageError,
             "lpips needs pictures of at least ", smallest_side(), "x", smallest_side(),
             " pixels, these are ", a.size(-2), "x", a.size(-1));
  const at::NoGradGuard no_grad;
  const ProductPrecision exact(Precision::kFp32);
  const auto axes = std::max(a.dim(), b.dim());
  if (axes < 5) return of_frames(a, b);
  const auto frames = [axes](const Tensor& x) { return x.dim() < axes ? 1 : x.size(0); };
  const auto frame = [&](const Tensor& x, int64_t t) {
    return x.dim() < axes ? x : x.select(0, x.size(0) == 1 ? 0 : t);
  };
  std::vector<Tensor> values;
  for (int64_t t = 0; t < std::max(frames(a), frames(b)); ++t)
    values.push_back(of_frames(frame(a, t), frame(b, t)));
  return torch::stack(values);
}

Tensor Lpips::of_frames(const Tensor& a, const Tensor& b) const {
  const auto of_a = unit_features(a), of_b = unit_features(b);
  Tensor sum;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const auto weight = weights_[i].view({-1, 1, 1});
    const auto apart = ((of_a[i] - of_b[i]).square() * weight).sum(-3).mean({-2, -1});
    sum = sum.defined() ? sum + apart : apart;
  }
  return sum;
}

std::vector<Tensor> Lpips::unit_features(const Tensor& pictures) const {
  constexpr double kTiny = 1e-10;
  auto features =
      net_->forward(pictures.reshape({-1, pictures.size(-3), pictures.size(-2), pictures.size(-1)}));
  for (auto& layer : features) {
    const auto length = layer.square().sum(1, /*keepdim=*/true).sqrt();
    layer = (layer / (length + kTiny)).view(with_leading_axes(pictures, layer));
  }
  return features;
}

}  // namespace savp
