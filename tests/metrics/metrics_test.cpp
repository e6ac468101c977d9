#include "metrics/metrics.h"

#include "core/error.h"
#include "support/stored_tensor.h"

namespace savp {
namespace {

const char* kFile = SAVP_TEST_DATA "/golden/data/E_metrics/metrics.safetensors";

// Tolerances: single precision sums in another order; flat pictures cancel most of their digits in ssim.
struct Case {
  std::string name;
  double ssim_tolerance = 1e-4;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Metrics : public ::testing::TestWithParam<Case> {};

TEST_P(Metrics, EqualTheReference) {
  const auto file = SafetensorsFile::open(kFile);
  const std::map<std::string, double> tolerances = {
      {"mse", 1e-7}, {"psnr", 1e-4}, {"ssim", GetParam().ssim_tolerance}};
  const auto prefix = GetParam().name + "/";
  const auto a = stored_pictures(file, prefix + "a"), b = stored_pictures(file, prefix + "b");
  for (const Metric& metric : metrics())
    EXPECT_TRUE(
        near(metric.measure(a, b), stored_tensor(file, prefix + metric.name), tolerances.at(metric.name)))
        << metric.name;
}

INSTANTIATE_TEST_SUITE_P(Pictures, Metrics,
                         ::testing::Values(Case{"pair_37x53x3"}, Case{"pair_37x53x1"}, Case{"pair_11x11x3"},
                                           Case{"pair_11x11x1"}, Case{"pair_13x17x3"}, Case{"pair_13x17x1"},
                                           Case{"two_leading_axes"}, Case{"no_leading_axis"},
                                           Case{"identical"}, Case{"constant", 3e-4}, Case{"black_white"},
                                           Case{"out_of_range"}, Case{"nan"}, Case{"tiny_difference"},
                                           Case{"broadcast_batch"}),
                         [](const auto& info) { return info.param.name; });

TEST(Ssim, RefusesPicturesSmallerThanItsWindow) {
  const auto file = SafetensorsFile::open(kFile);
  const auto a = stored_pictures(file, "too_small/a"), b = stored_pictures(file, "too_small/b");
  EXPECT_TRUE(near(psnr(a, b), stored_tensor(file, "too_small/psnr"), 1e-4));
  try {
    ssim(a, b);
    FAIL() << "ten rows were accepted";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("at least 11x11"), std::string::npos) << error.what();
  }
}

TEST(Metrics, RefusePicturesOfDifferentSizes) {
  const auto file = SafetensorsFile::open(kFile);
  const auto a = stored_pictures(file, "shape_mismatch/a"), b = stored_pictures(file, "shape_mismatch/b");
  for (const Metric& metric : metrics()) EXPECT_THROW(metric.measure(a, b), UsageError) << metric.name;
}

TEST(Metrics, OneTruthMeetsManySamples) {
  const auto truth = torch::rand({3, 1, 2, 3, 16, 12}), samples = torch::rand({3, 4, 2, 3, 16, 12});
  for (const Metric& metric : metrics()) {
    const auto together = metric.measure(truth, samples);
    ASSERT_EQ(together.sizes(), (at::IntArrayRef{3, 4, 2})) << metric.name;
    EXPECT_TRUE(near(together.select(1, 2), metric.measure(truth.select(1, 0), samples.select(1, 2)), 1e-5))
        << metric.name;
  }
}

TEST(Metrics, TellWhichWayIsBetter) {
  const auto truth = torch::rand({3, 16, 16});
  const auto close = truth + 0.01 * torch::randn({3, 16, 16}), far = truth + 0.3 * torch::randn({3, 16, 16});
  for (const Metric& metric : metrics()) {
    const bool rises = (metric.measure(truth, close) > metric.measure(truth, far)).item<bool>();
    EXPECT_EQ(rises, metric.higher_is_better) << metric.name;
  }
}

}  // namespace
}  // namespace savp
