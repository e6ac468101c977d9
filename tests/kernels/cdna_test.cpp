#include "kernels/cdna.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace savp::kernels {
namespace {

using at::Tensor;

// The pixel at a place before, in or behind an axis of `size` pixels, which a mirror continues for ever;
// `size` where there is none.
int64_t pixel_at(int64_t place, int64_t size, Border border) {
  if (place >= 0 && place < size) return place;
  if (border == Border::kConstant) return size;
  const int64_t period = border == Border::kSymmetric ? 2 * size : 2 * size - 2;
  const int64_t within = (place % period + period) % period;
  return within < size ? within : (border == Border::kSymmetric ? 2 * size - 1 : 2 * size - 2) - within;
}

Tensor continued(const Tensor& x, int64_t axis, int64_t reach, Border border) {
  const int64_t size = x.size(axis);
  std::vector<int64_t> pixels;
  for (int64_t place = -(reach / 2); place < size + reach - reach / 2; ++place)
    pixels.push_back(pixel_at(place, size, border));
  const auto with_zero = torch::cat({x, torch::zeros_like(x.narrow(axis, 0, 1))}, axis);
  return with_zero.index_select(axis, torch::tensor(pixels, torch::TensorOptions().dtype(torch::kLong)));
}

// Tap by tap, of LibTorch's operators.
Tensor by_taps(const Tensor& image, const Tensor& kernels, const CdnaOptions& o) {
  const auto down = continued(image, 2, (kernels.size(2) - 1) * o.dilation[0], o.border);
  const auto padded = continued(down, 3, (kernels.size(3) - 1) * o.dilation[1], o.border);
  Tensor sum;
  for (int64_t i = 0; i < kernels.size(2); ++i)
    for (int64_t j = 0; j < kernels.size(3); ++j) {
      const auto seen =
          padded.narrow(2, i * o.dilation[0], image.size(2)).narrow(3, j * o.dilation[1], image.size(3));
      const auto weight = kernels.select(3, j).select(2, i).unsqueeze(-1).unsqueeze(-1).unsqueeze(-1);
      const auto part = weight * seen.unsqueeze(1);
      sum = sum.defined() ? sum + part : part;
    }
  return sum;
}

// The warped pictures and the gradients of picture and kernels.
template <class Function>
std::vector<Tensor> run(const Function& function, const Tensor& image, const Tensor& kernels,
                        const Tensor& d_warped, const CdnaOptions& options) {
  // Clones that lie as their originals do.
  const auto leaf = [](const Tensor& x) {
    return torch::empty_strided(x.sizes(), x.strides(), x.options()).copy_(x.detach()).requires_grad_();
  };
  const auto i = leaf(image), k = leaf(kernels);
  const auto warped = function(i, k, options);
  warped.backward(d_warped);
  return {warped.detach(), i.grad(), k.grad()};
}

void expect_equal(const std::vector<Tensor>& ours, const std::vector<Tensor>& truth) {
  const char* names[] = {"warped", "d_image", "d_kernels"};
  for (size_t i = 0; i < truth.size(); ++i) {
    ASSERT_EQ(ours[i].sizes(), truth[i].sizes()) << names[i];
    const auto expected = truth[i].to(torch::kDouble).cpu();
    const auto error = (ours[i].cpu().to(torch::kDouble) - expected).abs().max().item<double>();
    EXPECT_LE(error, 2e-6 * expected.abs().max().item<double>()) << names[i];
  }
}

struct Case {
  Tensor image, kernels;
  CdnaOptions options;
  Tensor d_warped() const {
    torch::manual_seed(7);
    return torch::randn({image.size(0), kernels.size(1), image.size(1), image.size(2), image.size(3)});
  }
};

// Odd and even kernels, dilations, numbers of kernels and taps that fill no round number, kernels as high as
// a picture.
std::vector<Case> cases() {
  torch::manual_seed(3);
  std::vector<Case> all;
  for (const auto border : {Border::kConstant, Border::kSymmetric, Border::kReflect}) {
    all.push_back({torch::randn({2, 3, 9, 7}), torch::randn({2, 4, 5, 5}), {{1, 1}, border}});
    all.push_back({torch::randn({1, 2, 8, 6}), torch::randn({1, 5, 4, 2}), {{1, 1}, border}});
    all.push_back({torch::randn({2, 1, 10, 12}), torch::randn({2, 1, 3, 4}), {{3, 2}, border}});
    all.push_back({torch::randn({1, 1, 4, 11}), torch::randn({1, 6, 6, 9}), {{1, 1}, border}});
    all.push_back({torch::randn({2, 2, 5, 5}), torch::randn({2, 3, 1, 1}), {{1, 1}, border}});
  }
  return all;
}

TEST(CdnaKernels, EqualASumOverTaps) {
  for (const auto& c : cases()) {
    SCOPED_TRACE(testing::Message() << c.kernels.sizes() << ", dilated by " << c.options.dilation[0]
                                    << " and " << c.options.dilation[1] << ", border "
                                    << static_cast<int>(c.options.border));
    expect_equal(run(cdna_by_position, c.image, c.kernels, c.d_warped(), c.options),
                 run(by_taps, c.image.to(torch::kDouble), c.kernels.to(torch::kDouble),
                     c.d_warped().to(torch::kDouble), c.options));
  }
}

// As a model's tensors lie: pictures last in channels, kernels [B, kh, kw, N], and a gradient cut out of a
// wider one.
TEST(CdnaKernels, TakeTensorsAsTheyLie) {
  const auto image = torch::randn({2, 6, 5, 3}).permute({0, 3, 1, 2});
  const auto kernels = torch::randn({2, 3, 3, 8}).permute({0, 3, 1, 2}).narrow(1, 4, 4);
  const auto d_warped = torch::randn({2, 7, 3, 6, 5}).narrow(1, 2, 4);
  const auto ours = run(cdna_by_position, image, kernels, d_warped, {});
  EXPECT_TRUE(ours[0].is_contiguous());
  expect_equal(ours, run(by_taps, image.to(torch::kDouble), kernels.to(torch::kDouble),
                         d_warped.to(torch::kDouble), {}));
  const auto one = torch::randn({2, 1, 6, 5}).expand({2, 3, 6, 5});  // the same channel thrice
  EXPECT_TRUE(
      torch::equal(cdna_by_position(one, kernels, {}), cdna_by_position(one.contiguous(), kernels, {})));
}

TEST(CdnaKernels, GiveOnlyTheGradientThatIsWanted) {
  const auto image = torch::randn({1, 1, 4, 4}), kernels = torch::randn({1, 2, 3, 3}).requires_grad_();
  cdna_by_position(image, kernels, {}).sum().backward();
  EXPECT_TRUE(kernels.grad().defined());
  EXPECT_FALSE(image.grad().defined());
}

TEST(CdnaKernels, ReachNoFurtherThanTheMirror) {
  const auto image = torch::randn({1, 1, 3, 9});
  EXPECT_NO_THROW(cdna_by_position(image, torch::randn({1, 1, 7, 1}), {}));
  EXPECT_THROW(cdna_by_position(image, torch::randn({1, 1, 8, 1}), {}), c10::Error);
  EXPECT_THROW(cdna_by_position(image, torch::randn({1, 1, 7, 1}), {{1, 1}, Border::kReflect}), c10::Error);
  EXPECT_THROW(cdna_by_position(image, torch::randn({2, 1, 3, 3}), {}), c10::Error);
}

TEST(OnTheGpuCdnaKernels, EqualTheLoop) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  auto all = cases();
  all.push_back({torch::rand({8, 3, 64, 64}), torch::rand({8, 4, 5, 5}), {}});
  for (const auto& c : all) {
    const auto d_warped = c.d_warped();
    const auto ours = run(cdna_by_position, c.image.cuda(), c.kernels.cuda(), d_warped.cuda(), c.options);
    expect_equal(ours, run(by_taps, c.image.to(torch::kDouble), c.kernels.to(torch::kDouble),
                           d_warped.to(torch::kDouble), c.options));
    const auto again = run(cdna_by_position, c.image.cuda(), c.kernels.cuda(), d_warped.cuda(), c.options);
    for (size_t i = 0; i < ours.size(); ++i) EXPECT_TRUE(torch::equal(ours[i], again[i])) << "result " << i;
  }
}

}  // namespace
}  // namespace savp::kernels
