// What can be measured of predictions, and how numbers of it are shown.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/hparams.h"

namespace savp {

enum class MetricName {
  kPsnr,
  kMse,
  kMae,
  kSsim,
  kLpips,
  kLpipsVgg,
  kDiversity,
  kPixelDiversity,
  kSharpness,
  kCoverage,
  kFvd,
  kKvd
};
template <>
struct EnumNames<MetricName> {
  static constexpr std::pair<MetricName, const char*> kTable[] = {
      {MetricName::kPsnr, "psnr"},
      {MetricName::kMse, "mse"},
      {MetricName::kMae, "mae"},
      {MetricName::kSsim, "ssim"},
      {MetricName::kLpips, "lpips"},
      {MetricName::kLpipsVgg, "lpips_vgg"},
      {MetricName::kDiversity, "diversity"},
      {MetricName::kPixelDiversity, "pixel_diversity"},
      {MetricName::kSharpness, "sharpness"},
      {MetricName::kCoverage, "coverage"},
      {MetricName::kFvd, "fvd"},
      {MetricName::kKvd, "kvd"}};
};

enum class Better { kHigher, kLower, kNeither };
template <>
struct EnumNames<Better> {
  static constexpr std::pair<Better, const char*> kTable[] = {
      {Better::kHigher, "max"}, {Better::kLower, "min"}, {Better::kNeither, "none"}};
};

struct MetricTraits {
  MetricName name;
  Better better;
  int decimals;  // in printed tables
  const char* unit;
  const char* definition;  // unless a protocol has another
};
inline constexpr MetricTraits kMetricTraits[] = {
    {MetricName::kPsnr, Better::kHigher, 4, "dB", "of each frame, from its mean squared error"},
    {MetricName::kMse, Better::kLower, 6, "", "mean over pixels and channels of each frame"},
    {MetricName::kMae, Better::kLower, 6, "", "mean absolute error over pixels and channels of each frame"},
    {MetricName::kSsim, Better::kHigher, 4, "",
     "11x11 Gaussian window, deviation 1.5, within the frame, range 1"},
    {MetricName::kLpips, Better::kHigher, 4, "", "minus LPIPS, AlexNet, v0.1 linear"},  // as the original
    {MetricName::kLpipsVgg, Better::kHigher, 4, "", "minus LPIPS, VGG-16, v0.1 linear"},
    {MetricName::kDiversity, Better::kNeither, 4, "",
     "LPIPS (AlexNet) of neighbouring samples, first ten pairs"},
    {MetricName::kPixelDiversity, Better::kNeither, 4, "",
     "root mean square difference of all pairs of samples"},
    {MetricName::kSharpness, Better::kNeither, 4, "", "gradient energy of samples over that of the truth"},
    {MetricName::kCoverage, Better::kNeither, 4, "",
     "share of frames whose truth lies within the samples' spread"},
    {MetricName::kFvd, Better::kLower, 2, "", "I3D Kinetics-400 logits"},
    {MetricName::kKvd, Better::kLower, 4, "", "I3D Kinetics-400 logits, polynomial kernel"},
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

// Of a metric, or of a loss, which has no traits and is better where it is lower.
constexpr bool higher_is_better(std::string_view text) {
  const auto* traits = find_traits(text);
  return traits != nullptr && traits->better == Better::kHigher;
}

}  // namespace savp
