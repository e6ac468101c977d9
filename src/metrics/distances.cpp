#include "metrics/distances.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "core/error.h"
#include "kernels/parallel.h"

namespace savp {
namespace {

using at::Tensor;

constexpr int64_t kBootstraps = 100;
constexpr double kNormal95 = 1.96;

// F with C = F' F, [D, D]: Cholesky's, which costs a tenth of an eigen-decomposition, where there is one.
Tensor factor_of_covariance(const Tensor& covariance) {
  const auto [lower, failed] = at::linalg_cholesky_ex(covariance);
  if (failed.item<int64_t>() == 0) return lower.t();
  const auto [values, vectors] = at::linalg_eigh(covariance);
  const auto noise =
      values.abs().max() * static_cast<double>(covariance.size(0)) * std::numeric_limits<double>::epsilon();
  const auto kept = at::where(values > noise, values, at::zeros_like(values));
  return kept.sqrt().unsqueeze(1) * vectors.t();
}

struct Normal {
  Tensor mean, factor;  // [D]; F with covariance F' F, [min(N, D), D]
};

// times [N, 1]: how often each row of features counts. Of few rows the centred ones are such a
// factor already.
Normal normal_of(const Tensor& features, const Tensor& times) {
  const auto count = times.sum();
  const auto mean = (features * times).sum(0) / count;
  const auto centred = (features - mean) * (times / (count - 1)).sqrt();
  if (features.size(0) <= features.size(1)) return {mean, centred};
  return {mean, factor_of_covariance(at::mm(centred.t(), centred))};
}
Normal normal_of(const Tensor& features) {
  return normal_of(features, at::ones({features.size(0), 1}, features.options()));
}

double distance(const Normal& a, const Normal& b) {
  const auto of_roots = at::linalg_svdvals(at::mm(a.factor, b.factor.t())).sum();
  const auto sum =
      (a.mean - b.mean).square().sum() + a.factor.square().sum() + b.factor.square().sum() - 2 * of_roots;
  return std::max(0.0, sum.item<double>());
}

Tensor exact(const Tensor& features) { return features.to(at::kCPU, at::kDouble).contiguous(); }

FeatureSets exact(const FeatureSets& sets) {
  SAVP_CHECK(sets.truth.size(0) >= 2, UsageError,
             "a distance between sets of videos needs at least 2 sequences");
  return {exact(sets.truth), exact(sets.predicted)};
}

// A number of some of the videos, which may be named several times.
using OfVideos = std::function<double(const Tensor& videos)>;

// Of videos that are named several times there is but one row: in bootstrap samples a third fewer.
double frechet(const FeatureSets& sets, const Tensor& videos) {
  const auto [distinct, places, counts] =
      at::_unique2(videos, /*sorted=*/true, /*return_inverse=*/false, /*return_counts=*/true);
  const auto times = counts.to(at::kDouble).unsqueeze(1);
  const auto truth = sets.truth.index_select(0, distinct),
             predicted = sets.predicted.index_select(0, distinct);
  return distance(normal_of(truth, times),
                  normal_of(predicted.flatten(0, 1), times.repeat_interleave(predicted.size(1), 0)));
}

OfVideos frechet_by_videos(const FeatureSets& given) {
  return [sets = exact(given)](const Tensor& videos) { return frechet(sets, videos); };
}

// Of samples of the videos drawn with replacement, by their numbers. These are computed side by side: none is
// large enough for several threads.
std::vector<double> of_bootstraps(
    int64_t videos, uint64_t seed,
    const std::function<double(const Tensor& videos, int64_t sample)>& of_videos) {
  constexpr int64_t kOfOneThread = 13;  // at least: of 100 futures of each video a sample takes 200 MB
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::vector<Tensor> samples;
  for (int64_t i = 0; i < kBootstraps; ++i)
    samples.push_back(at::randint(0, videos, {videos}, generator, at::kLong));
  std::vector<double> values(samples.size());
  kernels::parallel(kBootstraps, kOfOneThread, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) values[i] = of_videos(samples[i], i);
  });
  return values;
}

SetEstimate with_interval(double value, const std::vector<double>& of_samples) {
  const auto deviation = at::tensor(of_samples, at::kDouble).std().item<double>();
  return {value, value - kNormal95 * deviation, value + kNormal95 * deviation};
}

SetEstimate of_all(int64_t videos, uint64_t seed, const OfVideos& of_videos) {
  return with_interval(
      of_videos(at::arange(videos)),
      of_bootstraps(videos, seed, [&](const Tensor& drawn, int64_t) { return of_videos(drawn); }));
}

SetDifference difference(const FeatureSets& a, const FeatureSets& b, uint64_t seed,
                         OfVideos (*distance)(const FeatureSets& sets)) {
  const auto videos = a.truth.size(0);
  SAVP_CHECK(b.truth.size(0) == videos, UsageError, "features of ", videos, " and of ", b.truth.size(0),
             " sequences cannot be compared");
  const auto of_a = distance(a), of_b = distance(b);
  const auto all = at::arange(videos);
  return {of_a(all), of_b(all),
          of_all(videos, seed, [&](const Tensor& chosen) { return of_a(chosen) - of_b(chosen); })};
}

// The intercept of the least squares line through (x, y).
double intercept(const std::vector<double>& x, const std::vector<double>& y) {
  const auto xs = at::tensor(x, at::kDouble), ys = at::tensor(y, at::kDouble);
  const auto slope = ((xs - xs.mean()) * (ys - ys.mean())).sum() / (xs - xs.mean()).square().sum();
  return (ys.mean() - slope * xs.mean()).item<double>();
}

// `whole`: the distance of all the videos, which is the last of the line's points.
double frechet_of_endless(const OfVideos& frechet, const Tensor& videos, double whole, uint64_t seed) {
  constexpr int64_t kSizes = 10;
  const auto all = videos.size(0);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::vector<double> inverse, values;
  for (int64_t i = 0; i < kSizes; ++i) {
    const auto size = all / 2 + (all - all / 2) * i / (kSizes - 1);
    inverse.push_back(1.0 / static_cast<double>(size));
    if (size == all) {
      values.push_back(whole);
    } else {
      const auto chosen = at::randperm(all, generator, at::kLong).slice(0, 0, size);
      values.push_back(frechet(videos.index_select(0, chosen)));
    }
  }
  return intercept(inverse, values);
}

// Sums of the kernel over the predictions of each two videos: x [N, K, D], y [M, L, D] -> [N, M].
Tensor kernel_sums(const Tensor& x, const Tensor& y) {
  const auto columns = y.flatten(0, 1).t();
  std::vector<Tensor> rows;
  for (const auto& video : x.unbind(0)) {
    const auto kernel = (at::mm(video, columns) / static_cast<double>(x.size(2)) + 1).pow(3);
    rows.push_back(kernel.view({x.size(1), y.size(0), y.size(1)}).sum(at::IntArrayRef{0, 2}));
  }
  return at::stack(rows);
}

// Of one set: the kernel over all pairs, and over those of a feature with itself, by video.
struct Similarities {
  Tensor pairs, self;  // [N, N], [N]
  int64_t each = 1;    // features of a video

  double mean_of_others(const Tensor& videos) const {
    const auto count = static_cast<double>(videos.size(0) * each);
    const auto sum =
        pairs.index_select(0, videos).index_select(1, videos).sum() - self.index_select(0, videos).sum();
    return sum.item<double>() / (count * (count - 1));
  }
};
Similarities similarities(const Tensor& x) {
  const auto self = (x.square().sum(2) / static_cast<double>(x.size(2)) + 1).pow(3).sum(1);
  return {kernel_sums(x, x), self, x.size(1)};
}

OfVideos kernel_distance_by_videos(const FeatureSets& given) {
  const auto sets = exact(given);
  const auto truth = sets.truth.unsqueeze(1);
  return [among_truth = similarities(truth), among_predicted = similarities(sets.predicted),
          across = kernel_sums(truth, sets.predicted) /
                   static_cast<double>(sets.predicted.size(1))](const Tensor& videos) {
    const auto mean_across = across.index_select(0, videos).index_select(1, videos).mean().item<double>();
    return among_truth.mean_of_others(videos) + among_predicted.mean_of_others(videos) - 2 * mean_across;
  };
}

}  // namespace

double frechet_distance(const Tensor& mean_1, const Tensor& covariance_1, const Tensor& mean_2,
                        const Tensor& covariance_2) {
  return distance({exact(mean_1), factor_of_covariance(exact(covariance_1))},
                  {exact(mean_2), factor_of_covariance(exact(covariance_2))});
}

double frechet_distance(const Tensor& features_1, const Tensor& features_2) {
  return distance(normal_of(exact(features_1)), normal_of(exact(features_2)));
}

SetValue frechet_of_sets(const FeatureSets& sets, uint64_t seed) {
  constexpr int64_t kFewestForLimit = 16;
  const auto frechet = frechet_by_videos(sets);
  const auto videos = sets.truth.size(0);
  const auto all = at::arange(videos);
  const auto value = frechet(all);
  const auto values =
      of_bootstraps(videos, seed, [&](const Tensor& drawn, int64_t) { return frechet(drawn); });
  SetValue found{with_interval(value, values), std::nullopt};
  if (videos < kFewestForLimit) return found;
  const auto endless = of_bootstraps(videos, seed, [&](const Tensor& drawn, int64_t sample) {
    return frechet_of_endless(frechet, drawn, values[sample], seed + 1 + static_cast<uint64_t>(sample));
  });
  found.unbounded = with_interval(frechet_of_endless(frechet, all, value, seed), endless);
  return found;
}

SetValue kernel_distance_of_sets(const FeatureSets& sets, uint64_t seed) {
  return {of_all(sets.truth.size(0), seed, kernel_distance_by_videos(sets)), std::nullopt};
}

SetDifference frechet_difference(const FeatureSets& a, const FeatureSets& b, uint64_t seed) {
  return difference(a, b, seed, frechet_by_videos);
}

SetDifference kernel_difference(const FeatureSets& a, const FeatureSets& b, uint64_t seed) {
  return difference(a, b, seed, kernel_distance_by_videos);
}

}  // namespace savp
