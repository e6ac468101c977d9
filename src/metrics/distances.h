// How far two sets of videos are apart, by the features of each video.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace savp {

// The squared Frechet distance of two normal distributions, mean [D] and covariance [D, D] (divided by
// N - 1) each: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). Computed in double precision; the trace of the
// root is the sum of the singular values of F1 F2', where C = F' F comes of a symmetric eigen-decomposition
// with negative rounding cut off, so covariances need not have full rank.
double frechet_distance(const at::Tensor& mean_1, const at::Tensor& covariance_1, const at::Tensor& mean_2,
                        const at::Tensor& covariance_2);

// The same of the normal distributions of features [N, D] and [M, D], N and M of at least 2.
double frechet_distance(const at::Tensor& features_1, const at::Tensor& features_2);

// Features of N videos that happened, [N, D], and of K predictions of each, [N, K, D].
struct FeatureSets {
  at::Tensor truth, predicted;
};

// A number and its interval of 95 %: 1.96 deviations of it over 100 bootstrap samples of the videos.
struct SetEstimate {
  double value = 0, low = 0, high = 0;
};

struct SetValue : SetEstimate {
  std::optional<SetEstimate> unbounded;  // what it tends to with the number of videos, where that can be told
};

// One distance of two models from what happened in the same videos.
struct SetDifference {
  double a = 0, b = 0;
  SetEstimate difference;  // a - b, by bootstrap samples of the videos that are the same ones for both
};

// Frechet distance between what happened and all predictions. `unbounded` (Chong and Forsyth 2020) is the
// intercept of a line fitted to the values of half to all of the videos over the inverse of their number;
// there from 16 videos on. Throws UsageError for fewer than two videos.
SetValue frechet_of_sets(const FeatureSets& sets, uint64_t seed);

// Squared maximum mean discrepancy, unbiased, of the kernel (x'y / D + 1)^3 (Binkowski et al. 2018). It may
// be negative. Throws UsageError for fewer than two videos.
SetValue kernel_distance_of_sets(const FeatureSets& sets, uint64_t seed);

// The same distances of two models; their sets are of the same videos in the same order. Throw UsageError for
// fewer than two videos, or where there are not as many of both.
SetDifference frechet_difference(const FeatureSets& a, const FeatureSets& b, uint64_t seed);
SetDifference kernel_difference(const FeatureSets& a, const FeatureSets& b, uint64_t seed);

// A distance as a metric of whole sets: what evaluations measure, and what comparisons of two of them do.
struct SetDistance {
  SetValue (*of_sets)(const FeatureSets& sets, uint64_t seed);
  SetDifference (*difference)(const FeatureSets& a, const FeatureSets& b, uint64_t seed);
};
inline constexpr SetDistance kFrechet{frechet_of_sets, frechet_difference},
    kKernel{kernel_distance_of_sets, kernel_difference};

}  // namespace savp
