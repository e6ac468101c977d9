#include "training/sample_evaluation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/interrupt.h"

namespace savp {
namespace {

constexpr int64_t kRolloutsAtOnce = 32;

std::vector<double> curve_of(const Tensor& values) {  // [F, B]
  const auto mean = values.to(at::kDouble).mean(1).cpu().contiguous();
  const auto* first = mean.const_data_ptr<double>();
  return {first, first + mean.numel()};
}

}  // namespace

std::optional<SampleStatistics> evaluate_samples(Generator& generator, const Batch& batch, int64_t context,
                                                 int64_t samples, int64_t first_video,
                                                 const MetricSet& metrics) {
  const auto length = batch.images.size(0), videos = batch.batch_size();
  const auto count = generator.stochastic() ? samples : 1;
  const auto at_once = std::max<int64_t>(1, kRolloutsAtOnce / videos);
  const auto actions = batch.actions.defined() ? batch.actions.slice(0, context - 1, length - 1) : Tensor();
  SampleStatistics found(batch.images, context, metrics);
  const auto continuation = generator.start(batch, context);
  for (int64_t first = 0; first < count; first += at_once) {
    if (interrupted()) return std::nullopt;
    RolloutNoise noise(batch.images.device(), /*seed=*/0,
                       {.first_video = first_video,
                        .videos = videos,
                        .first_sample = first,
                        .samples = std::min(at_once, count - first)});
    found.add(continuation->imagine(actions, length - context, noise).images);
  }
  return found;
}

NamedCurves curves_of(const SampleStatistics& statistics) {
  NamedCurves curves;
  for (const auto& row : statistics.summary())
    for (const auto& [subtask, name] : EnumNames<Subtask>::kTable)
      curves.emplace_back(row.metric->name + "/" + name, curve_of(row[subtask].values));
  for (const auto& row : statistics.of_videos()) curves.emplace_back(row.metric->name, curve_of(row.values));
  return curves;
}

void CurveMean::add(const NamedCurves& curves) {
  if (count_++ == 0) {
    sum_ = curves;
    return;
  }
  for (size_t i = 0; i < sum_.size(); ++i)
    for (size_t t = 0; t < sum_[i].second.size(); ++t) sum_[i].second[t] += curves.at(i).second.at(t);
}

NamedCurves CurveMean::operator()() const {
  auto mean = sum_;
  for (auto& [name, values] : mean)
    for (auto& value : values) value /= static_cast<double>(count_);
  return mean;
}

}  // namespace savp
