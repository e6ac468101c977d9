// What can be measured of predictions, and how numbers of it are shown.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
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
enum class Better { kHigher, kLower, kNeither };
template <>
struct EnumNames<Better> {
  static constexpr std::pair<Better, const char*> kTable[] = {
      {Better::kHigher, "max"}, {Better::kLower, "min"}, {Better::kNeither, "none"}};
};

struct MetricTraits {
  MetricName name;
  const char* text;
  Better better;
  int decimals;  // in printed tables
  const char* unit;
  const char* definition;  // unless a protocol has another
};
// A row each.
inline constexpr MetricTraits kMetricTraits[] = {
    {MetricName::kPsnr, "psnr", Better::kHigher, 4, "dB", "of each frame, from its mean squared error"},
    {MetricName::kMse, "mse", Better::kLower, 6, "", "mean over pixels and channels of each frame"},
    {MetricName::kMae, "mae", Better::kLower, 6, "",
     "mean absolute error over pixels and channels of each frame"},
    {MetricName::kSsim, "ssim", Better::kHigher, 4, "",
     "11x11 Gaussian window, deviation 1.5, within the frame, range 1"},
    {MetricName::kLpips, "lpips", Better::kHigher, 4, "",
     "minus LPIPS, AlexNet, v0.1 linear"},  // as the original
    {MetricName::kLpipsVgg, "lpips_vgg", Better::kHigher, 4, "", "minus LPIPS, VGG-16, v0.1 linear"},
    {MetricName::kDiversity, "diversity", Better::kNeither, 4, "",
     "LPIPS (AlexNet) of neighbouring samples, first ten pairs"},
    {MetricName::kPixelDiversity, "pixel_diversity", Better::kNeither, 4, "",
     "root mean square difference of all pairs of samples"},
    {MetricName::kSharpness, "sharpness", Better::kNeither, 4, "",
     "gradient energy of samples over that of the truth"},
    {MetricName::kCoverage, "coverage", Better::kNeither, 4, "",
     "share of frames whose truth lies within the samples' spread"},
    {MetricName::kFvd, "fvd", Better::kLower, 2, "", "I3D Kinetics-400 logits"},
    {MetricName::kKvd, "kvd", Better::kLower, 4, "", "I3D Kinetics-400 logits, polynomial kernel"},
};

template <>
struct EnumNames<MetricName> {
  static constexpr auto kTable = [] {
    std::array<std::pair<MetricName, const char*>, std::size(kMetricTraits)> table{};
    for (size_t i = 0; i < table.size(); ++i) table[i] = {kMetricTraits[i].name, kMetricTraits[i].text};
    return table;
  }();
};

constexpr const MetricTraits& traits_of(MetricName name) {
  return *std::find_if(std::begin(kMetricTraits), std::end(kMetricTraits),
                       [name](const MetricTraits& traits) { return traits.name == name; });
}

// None where no metric has this name.
constexpr const MetricTraits* find_traits(std::string_view text) {
  for (const auto& traits : kMetricTraits)
    if (text == traits.text) return &traits;
  return nullptr;
}

// Of a metric, or of a loss, which has no traits and is better where it is lower.
constexpr bool higher_is_better(std::string_view text) {
  const auto* traits = find_traits(text);
  return traits != nullptr && traits->better == Better::kHigher;
}

}  // namespace savp
