// What can be measured of predictions, and how numbers of it are shown.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/hparams.h"

namespace savp {

enum class MetricName { kPsnr, kMse, kSsim, kLpips, kLpipsVgg, kDiversity, kLpipsDiversity, kFvd, kKvd };
template <>
struct EnumNames<MetricName> {
  static constexpr std::pair<MetricName, const char*> kTable[] = {
      {MetricName::kPsnr, "psnr"},
      {MetricName::kMse, "mse"},
      {MetricName::kSsim, "ssim"},
      {MetricName::kLpips, "lpips"},
      {MetricName::kLpipsVgg, "lpips_vgg"},
      {MetricName::kDiversity, "diversity"},
      {MetricName::kLpipsDiversity, "lpips_diversity"},
      {MetricName::kFvd, "fvd"},
      {MetricName::kKvd, "kvd"}};
};

enum class Better { kHigher, kLower, kNeither };

struct MetricTraits {
  MetricName name;
  Better better;
  int decimals;  // in printed tables
};
inline constexpr MetricTraits kMetricTraits[] = {
    {MetricName::kPsnr, Better::kHigher, 4},
    {MetricName::kMse, Better::kLower, 6},
    {MetricName::kSsim, Better::kHigher, 4},
    {MetricName::kLpips, Better::kHigher, 4},  // negated, as the original writes it
    {MetricName::kLpipsVgg, Better::kHigher, 4},
    {MetricName::kDiversity, Better::kNeither, 4},
    {MetricName::kLpipsDiversity, Better::kNeither, 4},
    {MetricName::kFvd, Better::kLower, 2},
    {MetricName::kKvd, Better::kLower, 4},
};

constexpr const MetricTraits& traits_of(MetricName name) {
  return *std::find_if(std::begin(kMetricTraits), std::end(kMetricTraits),
                       [name](const MetricTraits& traits) { return traits.name == name; });
}

// None where no metric has this name.
constexpr const MetricTraits* find_traits(std::string_view text) {
  for (const auto& [name, known] : EnumNames<MetricName>::kTable)
    if (text == known) return &traits_of(name);
  return nullptr;
}

}  // namespace savp
