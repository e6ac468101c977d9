#include "kernels/blend.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace savp::kernels {
namespace {

using at::Tensor;

Blended composed(const Tensor& candidates, const Tensor& logits) {
  const auto masks = torch::softmax(logits.to(candidates.scalar_type()), 1);
  return {(candidates * masks.unsqueeze(2)).sum(1), masks};
}

struct Case {
  Tensor candidates, logits;
  Tensor d_frame, d_masks;  // undefined: that output has no gradient

  static Case of(at::IntArrayRef sizes) {
    torch::manual_seed(5);
    const int64_t b = sizes[0], m = sizes[1], c = sizes[2], h = sizes[3], w = sizes[4];
    return {torch::rand({b, m, c, h, w}), 3 * torch::randn({b, m, h, w}), torch::randn({b, c, h, w}),
            torch::randn({b, m, h, w})};
  }
  template <class Change>
  Case each(const Change& change) const {
    const auto changed = [&](const Tensor& x) { return x.defined() ? change(x) : x; };
    return {changed(candidates), changed(logits), changed(d_frame), changed(d_masks)};
  }
};

// Frame, masks, and the gradients of candidates and logits.
template <class Function>
std::vector<Tensor> run(const Function& function, const Case& c) {
  const auto leaf = [](const Tensor& x) {  // lies as its original does
    return torch::empty_strided(x.sizes(), x.strides(), x.options()).copy_(x.detach()).requires_grad_();
  };
  const auto candidates = leaf(c.candidates), logits = leaf(c.logits);
  const auto blended = function(candidates, logits);
  auto sum = torch::zeros({}, candidates.options());
  if (c.d_frame.defined()) sum = sum + (blended.frame * c.d_frame).sum();
  if (c.d_masks.defined()) sum = sum + (blended.masks * c.d_masks).sum();
  sum.backward();
  const auto d_candidates = candidates.grad().defined() ? candidates.grad() : torch::zeros_like(candidates);
  return {blended.frame.detach(), blended.masks.detach(), d_candidates, logits.grad()};
}

// `rounding`: of the gradient of the logits, which has their type.
void expect_equal(const std::vector<Tensor>& ours, const std::vector<Tensor>& truth, double rounding = 0.0) {
  const char* names[] = {"frame", "masks", "d_candidates", "d_logits"};
  for (size_t i = 0; i < truth.size(); ++i) {
    ASSERT_EQ(ours[i].sizes(), truth[i].sizes()) << names[i];
    const auto expected = truth[i].cpu().to(torch::kDouble),
               error = (ours[i].cpu().to(torch::kDouble) - expected).abs();
    const auto allowed = expected.abs() * (i == 3 ? rounding : 0.0) + 2e-6 * expected.abs().max();
    EXPECT_TRUE((error <= allowed).all().item<bool>()) << names[i] << " is off by " << error.max();
  }
}

std::vector<Tensor> in_double(const Case& c) {
  return run(composed, c.each([](const Tensor& x) { return x.to(torch::kDouble); }));
}

std::vector<Case> cases() {
  std::vector<Case> all = {Case::of({2, 7, 3, 5, 9}), Case::of({1, 16, 1, 4, 4}), Case::of({3, 2, 4, 1, 3})};
  for (size_t i = 0; i < 2; ++i) {
    all.push_back(all[0]);
    (i == 0 ? all.back().d_masks : all.back().d_frame) = Tensor();
  }
  return all;
}

constexpr double kHalfStep = 1.0 / 256;  // of bfloat16

Case with_bfloat16_logits(Case c) {
  c.logits = c.logits.to(torch::kBFloat16);
  return c;
}

TEST(Blend, EqualsSoftmaxAndSum) {
  for (const auto& c : cases()) expect_equal(run(blend_by_position, c), in_double(c));
}

TEST(Blend, TakesBfloat16) {
  for (const auto& given : cases()) {
    const auto c = with_bfloat16_logits(given);
    const auto ours = run(blend_by_position, c);
    EXPECT_EQ(ours[3].scalar_type(), torch::kBFloat16);
    expect_equal(ours, in_double(c), kHalfStep);
  }
}

// As a model's tensors lie: logits last in channels, gradients expanded or cut out of wider ones.
TEST(Blend, TakesTensorsAsTheyLie) {
  auto c = Case::of({2, 6, 3, 4, 5});
  c.logits = c.logits.contiguous(at::MemoryFormat::ChannelsLast);
  c.candidates = torch::rand({2, 5, 4, 3, 6}).permute({0, 4, 3, 2, 1});
  c.d_frame = torch::randn({2, 1, 4, 1}).expand({2, 3, 4, 5});
  const auto ours = run(blend_by_position, c);
  expect_equal(ours, in_double(c));
  EXPECT_TRUE(ours[0].is_contiguous() && ours[1].is_contiguous());
  c = with_bfloat16_logits(c);
  expect_equal(run(blend_by_position, c), in_double(c), kHalfStep);
}

TEST(Blend, StandsLogitsFarOutside) {
  auto c = Case::of({1, 4, 2, 3, 3});
  c.logits *= 1000;  // masks of 1 and 0
  const auto ours = run(blend_by_position, c), truth = in_double(c);
  for (size_t i = 0; i < 2; ++i)
    EXPECT_TRUE(torch::allclose(ours[i].to(torch::kDouble), truth[i], 1e-5, 1e-6));
  for (const auto& x : ours) EXPECT_TRUE(torch::isfinite(x).all().item<bool>());
}

TEST(Blend, GivesOnlyTheGradientThatIsWanted) {
  const auto c = Case::of({1, 3, 2, 4, 4});
  const auto logits = c.logits.clone().requires_grad_();
  blend_by_position(c.candidates, logits).frame.sum().backward();
  EXPECT_TRUE(logits.grad().defined());
  EXPECT_FALSE(c.candidates.grad().defined());
}

TEST(Blend, RefusesWhatDoesNotFit) {
  const auto c = Case::of({1, 17, 1, 2, 2});
  EXPECT_THROW(blend_by_position(c.candidates, c.logits), c10::Error);
  EXPECT_THROW(blend_by_position(c.candidates, c.logits.narrow(1, 0, 3)), c10::Error);
}

TEST(OnTheGpuBlend, EqualsSoftmaxAndSum) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  auto all = cases();
  all.push_back(Case::of({8, 7, 3, 64, 64}));
  all.push_back(all.back());
  all.back().logits = all.back().logits.contiguous(at::MemoryFormat::ChannelsLast);
  for (const auto& given : all) {
    for (const auto& c : {given, with_bfloat16_logits(given)}) {
      const auto on_gpu = c.each([](const Tensor& x) { return x.cuda(); });
      const auto ours = run(blend_by_position, on_gpu);
      expect_equal(ours, in_double(c), c.logits.scalar_type() == torch::kBFloat16 ? kHalfStep : 0.0);
      const auto again = run(blend_by_position, on_gpu);
      for (size_t i = 0; i < ours.size(); ++i) EXPECT_TRUE(torch::equal(ours[i], again[i])) << "result " << i;
    }
  }
}

}  // namespace
}  // namespace savp::kernels
