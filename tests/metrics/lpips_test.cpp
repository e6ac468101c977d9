#include "metrics/lpips.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/error.h"
#include "nn/alex_net.h"
#include "nn/vgg.h"

namespace savp {
namespace {

// Two layers: red and green as they are, and their means over the picture.
class TwoLayers : public nn::ImageNetFeatures {
 public:
  std::vector<at::Tensor> forward(const at::Tensor& pictures) const override {
    const auto two = pictures.slice(1, 0, 2);
    return {two, two.mean({2, 3}, /*keepdim=*/true)};
  }
  std::vector<int64_t> filters() const override { return {2, 2}; }
  int64_t smallest_side() const override { return 1; }
};

// Weights 1 and 2 in the first layer, 0.5 and 0 in the second.
Lpips two_layers() {
  Lpips lpips(std::make_shared<TwoLayers>());
  const auto variables = lpips.variables();
  EXPECT_EQ(variables.at(0).first, "lin0.model.1.weight");
  variables.at(0).second.copy_(torch::tensor({1.0, 2.0}).view({1, 2, 1, 1}));
  variables.at(1).second.copy_(torch::tensor({0.5, 0.0}).view({1, 2, 1, 1}));
  return lpips;
}

at::Tensor picture(double red, double green) {
  return torch::tensor({red, green, 0.0}).view({3, 1, 1}).to(at::kFloat);
}

TEST(Lpips, IsTheWeightedDifferenceOfUnitFeatures) {
  const auto lpips = two_layers();
  const auto a = picture(0.3, 0.4), b = picture(1.0, 0.0);  // of unit length: (0.6, 0.8) and (1, 0)
  const double by_hand = 1 * 0.16 + 2 * 0.64 + 0.5 * 0.16;
  EXPECT_NEAR(lpips.distance(a, b).item<double>(), by_hand, 1e-6);
  EXPECT_EQ(lpips.distance(a, a).item<double>(), 0.0);
  EXPECT_NEAR(lpips.distance(a, 0.5 * a).item<double>(), 0.0, 1e-6);  // of the same direction
  // Half of the picture differs: the mean of places in the first layer; (0.65, 0.2) in the second.
  const auto half = torch::cat({a, b}, 2);
  const double length = std::sqrt(0.65 * 0.65 + 0.2 * 0.2), red = 0.65 / length;
  EXPECT_NEAR(lpips.distance(half, torch::cat({b, b}, 2)).item<double>(),
              (0.16 + 2 * 0.64) / 2 + 0.5 * (red - 1) * (red - 1), 1e-6);
}

TEST(Lpips, LeadingAxesBroadcast) {
  const auto lpips = two_layers();
  const auto truth = torch::rand({3, 1, 2, 3, 4, 5}), samples = torch::rand({3, 4, 2, 3, 4, 5});
  const auto values = lpips.distance(truth, samples);
  ASSERT_EQ(values.sizes(), (std::vector<int64_t>{3, 4, 2}));
  for (int64_t t = 0; t < 3; ++t)
    for (int64_t s = 0; s < 4; ++s)
      for (int64_t b = 0; b < 2; ++b)
        EXPECT_NEAR(values[t][s][b].item<double>(),
                    lpips.distance(truth[t][0][b], samples[t][s][b]).item<double>(), 1e-6);
  EXPECT_TRUE(torch::allclose(lpips.distance(truth[0], samples), lpips.distance(samples, truth[0])));
}

TEST(Lpips, RefusesOtherSizes) {
  const auto lpips = two_layers();
  EXPECT_THROW(lpips.distance(torch::rand({3, 4, 4}), torch::rand({3, 4, 5})), UsageError);
  EXPECT_THROW(
      Lpips(std::make_shared<nn::AlexNet>()).distance(torch::rand({3, 30, 64}), torch::rand({3, 30, 64})),
      UsageError);
}

std::vector<at::Tensor> features_of(const nn::ImageNetFeatures& net, at::IntArrayRef sizes) {
  return net.forward(torch::rand(sizes));
}

TEST(ImageNetFeatures, HaveTheSizesOfTheirLayers) {
  const auto alex = features_of(nn::AlexNet(), {2, 3, 64, 64});
  const int64_t sides[] = {15, 7, 3, 3, 3};
  const auto filters = nn::AlexNet().filters();
  ASSERT_EQ(alex.size(), 5U);
  for (size_t i = 0; i < 5; ++i)
    EXPECT_EQ(alex[i].sizes(), (std::vector<int64_t>{2, filters[i], sides[i], sides[i]})) << i;
  EXPECT_EQ(features_of(nn::AlexNet(), {1, 1, 31, 31}).back().size(3), 1);  // the smallest
  EXPECT_ANY_THROW(features_of(nn::AlexNet(), {1, 3, 30, 30}));
  EXPECT_EQ(features_of(nn::Vgg16(), {1, 3, 16, 16}).back().sizes(), (std::vector<int64_t>{1, 512, 1, 1}));
}

// The tap of one convolution, by hand: (x - mean) / deviation, stride 4 and two pixels of padding.
TEST(ImageNetFeatures, TakeOutTheMeanOfImageNet) {
  nn::AlexNet alex;
  alex.named_parameters()["features.0.weight"][7][1][2][2] = 1;  // the centre tap of the first place
  const auto pictures = torch::full({1, 3, 32, 32}, 0.456F + 0.224F);
  const auto first = alex.forward(pictures).front();
  EXPECT_NEAR(first[0][7][0][0].item<double>(), 1.0, 1e-5);
  EXPECT_EQ(first[0][6].abs().max().item<double>(), 0.0);
  pictures[0][1][4][0] = 0.456F + 2 * 0.224F;  // what the second place down begins with
  EXPECT_NEAR(alex.forward(pictures).front()[0][7][1][0].item<double>(), 2.0, 1e-5);
}

}  // namespace
}  // namespace savp
