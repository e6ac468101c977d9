#include "metrics/distances.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/error.h"

namespace savp {
namespace {

using at::Tensor;

// Features that NumPy makes alike, for p = i d + j: sin(1.7 s + (0.61 + 0.1 s) p + 0.003 p^2) (1 + j % 5) +
// 0.3 s (j % 3).
Tensor made(int64_t count, int64_t size, double seed) {
  const auto j = torch::arange(size, torch::kDouble);
  const auto place = torch::arange(count * size, torch::kDouble).view({count, size});
  return (1.7 * seed + place * (0.61 + 0.1 * seed) + 0.003 * place * place).sin() * (1 + j.fmod(5)) +
         0.3 * seed * j.fmod(3);
}

struct Normal {
  Tensor mean, covariance;
};
Normal normal_of(const Tensor& features) { return {features.mean(0), at::cov(features.t())}; }

// Values of SciPy 1.17: |m1 - m2|^2 + tr(C1 + C2 - 2 sqrtm(C1 C2)); where C1 C2 has no full rank, from the
// roots of its eigenvalues, which SciPy's sqrtm agrees with to 2e-8.
struct Case {
  int64_t first, second, size;
  double expected;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.first << " and " << c.second << " of " << c.size; }

class Frechet : public testing::TestWithParam<Case> {};

TEST_P(Frechet, EqualsSciPy) {
  const auto& [first, second, size, expected] = GetParam();
  const auto a = made(first, size, 1), b = made(second, size, 2);
  EXPECT_NEAR(frechet_distance(a, b), expected, 1e-7 * expected);
  const auto p = normal_of(a), q = normal_of(b);
  EXPECT_NEAR(frechet_distance(p.mean, p.covariance, q.mean, q.covariance), expected, 1e-6 * expected);
}

INSTANTIATE_TEST_SUITE_P(Features, Frechet,
                         testing::Values(Case{50, 60, 8, 3.432011900355107},
                                         Case{6, 5, 16, 65.16947757734599},
                                         Case{40, 3, 12, 71.25660551529892}));

TEST(FrechetDistance, OfARandomCovarianceAndOneOfRankTwo) {
  const auto full =
      torch::tensor({9.251536842480979, 3.4941175493111, 3.3820730186344825, 2.573353855940284,
                     3.4941175493111, 5.3684219066886705, -0.6772966743921727, 1.6735770839766964,
                     3.3820730186344825, -0.6772966743921727, 2.3149052446067855, 0.520595518739778,
                     2.573353855940284, 1.6735770839766964, 0.520595518739778, 0.9023363548673301},
                    torch::kDouble)
          .view({4, 4});
  const auto of_rank_two =
      torch::tensor({2.274362190038889, 0.6429727004830706, -3.9484639140277737, 1.4437973218101903,
                     0.6429727004830706, 0.8274909177103376, -1.3575115114753227, 0.9045070357887066,
                     -3.9484639140277737, -1.3575115114753227, 6.944974268057953, -2.6919896703496655,
                     1.4437973218101903, 0.9045070357887066, -2.6919896703496655, 1.2980588594135654},
                    torch::kDouble)
          .view({4, 4});
  const auto m1 = torch::tensor({1.0, 2.0, 3.0, 4.0}), m2 = torch::tensor({0.5, 2.0, 2.0, 4.0});
  EXPECT_NEAR(frechet_distance(m1, full, m2, of_rank_two), 18.517601921566023, 1e-6);
  EXPECT_NEAR(frechet_distance(m2, of_rank_two, m1, full), 18.517601921566023, 1e-6);
  EXPECT_NEAR(frechet_distance(m1, full, m1, full), 0.0, 1e-9);
}

// By hand: means apart by 3 and 4, variances 2 and 8 along one axis: 25 + (sqrt 8 - sqrt 2)^2.
TEST(FrechetDistance, ByHand) {
  const auto a = torch::tensor({-1.0, 0.0, 1.0, 0.0}).view({2, 2}),
             b = torch::tensor({1.0, 4.0, 5.0, 4.0}).view({2, 2});
  EXPECT_NEAR(frechet_distance(a, b), 25 + 2, 1e-12);
  const auto constant = torch::ones({16, 400}), other = torch::full({16, 400}, 1.5);
  EXPECT_NEAR(frechet_distance(constant, other), 400 * 0.25, 1e-9);
}

FeatureSets sets_of(int64_t videos, int64_t samples, int64_t size) {
  return {made(videos, size, 1), made(videos * samples, size, 2).view({videos, samples, size})};
}

TEST(FrechetOfSets, HasAnIntervalAndItsLimit) {
  const auto sets = sets_of(40, 2, 6);
  const auto found = frechet_of_sets(sets, 7);
  EXPECT_NEAR(found.value, frechet_distance(sets.truth, sets.predicted.flatten(0, 1)), 1e-9);
  EXPECT_LT(found.low, found.value);
  EXPECT_NEAR(found.high - found.value, found.value - found.low, 1e-9);
  ASSERT_TRUE(found.unbounded.has_value());
  const auto again = frechet_of_sets(sets, 7), other = frechet_of_sets(sets, 8);
  EXPECT_EQ(found.low, again.low);
  EXPECT_EQ(found.unbounded->value, again.unbounded->value);
  EXPECT_EQ(found.unbounded->low, again.unbounded->low);
  EXPECT_LT(found.unbounded->low, found.unbounded->value);
  EXPECT_NEAR(found.unbounded->high - found.unbounded->value, found.unbounded->value - found.unbounded->low,
              1e-9);
  EXPECT_NE(found.unbounded->low, other.unbounded->low);
  EXPECT_NE(found.low, other.low);
  EXPECT_FALSE(frechet_of_sets(sets_of(15, 1, 6), 7).unbounded.has_value());
  EXPECT_THROW(frechet_of_sets(sets_of(1, 3, 6), 7), UsageError);
}

// The interval straight from its definition: a video that is drawn several times is there several times.
TEST(FrechetOfSets, TheIntervalIsOfVideosDrawnWithReplacement) {
  for (const int64_t size : {4, 60}) {  // fewer and more features than there are videos
    const auto sets = sets_of(12, 2, size);
    auto generator = torch::make_generator<at::CPUGeneratorImpl>(uint64_t{7});
    std::vector<double> values;
    for (int i = 0; i < 100; ++i) {
      const auto drawn = torch::randint(0, 12, {12}, generator, torch::kLong);
      values.push_back(frechet_distance(sets.truth.index_select(0, drawn),
                                        sets.predicted.index_select(0, drawn).flatten(0, 1)));
    }
    const auto deviation = torch::tensor(values, torch::kDouble).std().item<double>();
    const auto found = frechet_of_sets(sets, 7);
    EXPECT_NEAR(found.high - found.value, 1.96 * deviation, 1e-7 * found.value) << size;
  }
}

// Two halves of one set: the distance is nothing but the bias of few videos, which the limit takes away.
TEST(FrechetOfSets, TheLimitIsFreeOfTheBiasOfFewVideos) {
  torch::manual_seed(3);
  const FeatureSets sets{torch::randn({200, 20}), torch::randn({200, 1, 20})};
  const auto found = frechet_of_sets(sets, 1);
  EXPECT_GT(found.value, 0.3);
  EXPECT_LT(std::abs(found.unbounded->value), 0.5 * found.value);
  EXPECT_LT(found.unbounded->low, 0);
  EXPECT_GT(found.unbounded->high, 0);
}

// A second model whose predictions are the first one's but for a little in each video: what the videos have
// in common goes, and the interval of the difference is much narrower than that of either distance.
TEST(Differences, ArePaired) {
  torch::manual_seed(4);
  const auto truth = torch::randn({60, 5}), one = truth.unsqueeze(1) + torch::randn({60, 2, 5}),
             two = one + 0.1 * torch::randn({60, 2, 5}) + 0.2;
  const FeatureSets a{truth, one}, b{truth, two};
  const std::pair<SetDifference, std::pair<SetValue, SetValue>> both[] = {
      {frechet_difference(a, b, 1), {frechet_of_sets(a, 1), frechet_of_sets(b, 1)}},
      {kernel_difference(a, b, 1), {kernel_distance_of_sets(a, 1), kernel_distance_of_sets(b, 1)}}};
  for (const auto& [found, alone] : both) {
    EXPECT_DOUBLE_EQ(found.a, alone.first.value);
    EXPECT_DOUBLE_EQ(found.b, alone.second.value);
    const auto& [value, low, high] = found.difference;
    EXPECT_DOUBLE_EQ(value, found.a - found.b);
    EXPECT_LT(low, value);
    EXPECT_LT(high - low, 0.7 * (alone.first.high - alone.first.low));
  }
  const auto none = frechet_difference(a, a, 1).difference;
  EXPECT_EQ(none.low, 0);
  EXPECT_EQ(none.high, 0);
  EXPECT_THROW(frechet_difference(a, {truth.slice(0, 1), one.slice(0, 1)}, 1), UsageError);
}

// D = 1, k(x, y) = (x y + 1)^3. Truth 0 and 1: 1. Predictions 1 and 2: 27. Across: (1 + 1 + 8 + 27) / 4.
TEST(KernelDistance, ByHand) {
  const FeatureSets sets{torch::tensor({0.0, 1.0}).view({2, 1}), torch::tensor({1.0, 2.0}).view({2, 1, 1})};
  EXPECT_NEAR(kernel_distance_of_sets(sets, 1).value, 1 + 27 - 2 * 37.0 / 4, 1e-12);
}

// Straight from the definition, over all pairs.
TEST(KernelDistance, OfSeveralPredictionsOfEachVideo) {
  const auto sets = sets_of(5, 3, 4);
  const auto kernel = [](const Tensor& x, const Tensor& y) { return (x.mm(y.t()) / 4 + 1).pow(3); };
  const auto others = [&](const Tensor& x) {
    const auto k = kernel(x, x);
    return ((k.sum() - k.trace()) / (x.size(0) * (x.size(0) - 1))).item<double>();
  };
  const auto predicted = sets.predicted.flatten(0, 1);
  const auto expected =
      others(sets.truth) + others(predicted) - 2 * kernel(sets.truth, predicted).mean().item<double>();
  const auto found = kernel_distance_of_sets(sets, 1);
  EXPECT_NEAR(found.value, expected, 1e-9 * std::abs(expected));
  EXPECT_LT(found.low, found.high);
}

}  // namespace
}  // namespace savp
