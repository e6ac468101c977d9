#include "golden_runner/sensitivity.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "io/safetensors.h"
#include "support/scratch.h"

namespace savp::golden {
namespace {

constexpr double kAllowed = 1e-3, kStep = 0.1;

// y = relu(w x + b), all of four elements, and the gradients of y's sum.
struct Layer {
  Tensor y, d_w, d_b;
};
Layer layer(const Case& c) {
  const auto x = c.tensor("inputs/x"), w = c.tensor("vars/generator/w"), b = c.tensor("vars/generator/b");
  const auto z = w * x + b;
  const auto passes = z.gt(0).to(torch::kFloat);
  return {z * passes, x * passes, passes};
}

// Element 2 of w x + b is zero but for rounding: it was not for the machine that recorded, and it is
// for ours.
class OnKink : public testing::Test {
 protected:
  void SetUp() override {
    add("inputs/x", {0.5F, -1.0F, 3.0F, 2.0F});
    add("noise/u", {0.25F, 0.75F, 0.0F, 1.0F});
    add("vars/generator/w", {1.0F, 1.0F, 0.25F, -0.5F});
    add("vars/generator/w/Adam", {1.0F, 1.0F, 1.0F, 1.0F});
    add("vars/generator/b", {0.125F, 2.0F, -0.75F, 0.5F});
    add("outputs/y", {0.625F, 1.0F, 0.0F, 0.0F});
    add("grads/generator/w", {0.5F, -1.0F, 3.0F, 0.0F});
    add("grads/generator/b", {1.0F, 1.0F, 1.0F, 0.0F});
    add("after/generator/w", {0.95F, 1.1F, -0.05F, -0.5F});
    folder_.write("case.json", R"({"name": "kink", "kind": "train_step", "checkpoint": "here"})");
    write_safetensors(folder_.path() / "tensors.safetensors", views(), {});
  }

  // A machine's step: the layer, to which `change` may do something.
  Comparison run(const std::function<void(Layer&)>& change = [](Layer&) {}) {
    Comparison comparison;
    runs_ = 0;
    const auto compare = [&](const Case& c, Comparison& found) {
      auto l = layer(c);
      ++runs_;
      change(l);
      found.compare("outputs/y", l.y, c.tensor("outputs/y"), kAllowed);
      found.compare("grads/w", l.d_w, c.tensor("grads/generator/w"), kAllowed);
      found.compare("grads/b", l.d_b, c.tensor("grads/generator/b"), kAllowed);
      found.compare("after/w", c.tensor("vars/generator/w") - kStep * l.d_w, c.tensor("after/generator/w"),
                    kAllowed);
    };
    compare_across_kinks(Case::load(folder_.path()), compare, comparison);
    return comparison;
  }

  ScratchFolder folder_;
  int runs_ = 0;

 private:
  void add(const std::string& name, std::vector<float> data) { values_.emplace_back(name, std::move(data)); }
  std::vector<TensorView> views() const {
    std::vector<TensorView> all;
    for (const auto& [name, data] : values_)
      all.push_back({name, "F32", {4}, reinterpret_cast<const std::byte*>(data.data()), 16});
    return all;
  }
  std::vector<std::pair<std::string, std::vector<float>>> values_;
};

TEST_F(OnKink, TheOtherSidePasses) {
  const auto comparison = run();
  EXPECT_TRUE(comparison.passed()) << comparison.summary();
  EXPECT_NE(comparison.summary().find("; on a kink: spread 3000 of tolerance (grads/w); of "),
            std::string::npos)
      << comparison.summary();
  EXPECT_EQ(comparison.lines()[1].rfind("  kink  grads/w", 0), 0U) << comparison.lines()[1];
}

TEST_F(OnKink, TheRecordedSideIsNotRunAgain) {
  const auto comparison = run([](Layer& l) {
    l.d_w[2] = 3;
    l.d_b[2] = 1;
  });
  EXPECT_TRUE(comparison.passed()) << comparison.summary();
  EXPECT_EQ(comparison.summary().find("kink"), std::string::npos) << comparison.summary();
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnKink, ErrorsFailAsBesideIt) {
  const std::pair<const char*, std::function<void(Layer&)>> errors[] = {
      {"a gradient 1 % too large", [](Layer& l) { l.d_w *= 1.01; }},
      {"one without its second element", [](Layer& l) { l.d_w[1] = 0; }},
      {"a bias without a gradient", [](Layer& l) { l.d_b.zero_(); }},
      {"elements swapped",
       [](Layer& l) {
         l.d_w = l.d_w.index_select(0, torch::tensor({1, 0, 2, 3}));
       }},
      {"off by one", [](Layer& l) { l.d_w = l.d_w.roll(1); }},
      {"a little out of tolerance", [](Layer& l) { l.d_b += 1.1 * kAllowed; }},
      {"not a number", [](Layer& l) { l.d_w[0] = std::nanf(""); }},
      {"half a derivative where it jumps", [](Layer& l) { l.d_w[2] = 1.5, l.d_b[2] = 0.5; }},
  };
  for (const auto& [what, error] : errors) {
    const auto comparison = run(error);
    EXPECT_FALSE(comparison.passed()) << what << ": " << comparison.summary();
  }
}

TEST_F(OnKink, AWrongForwardValueFailsAtOnce) {
  EXPECT_FALSE(run([](Layer& l) { l.y = l.y + 2 * kAllowed; }).passed());
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnKink, AGradientThatIsMissingFailsAtOnce) {
  EXPECT_FALSE(run([](Layer& l) { l.d_b = Tensor(); }).passed());
  EXPECT_EQ(runs_, 1);
}

// What goes wrong only in the first run is no side of anything, finite or not.
TEST_F(OnKink, ARaceFails) {
  for (const float wrong : {5.0F, std::numeric_limits<float>::infinity()}) {
    const auto comparison = run([&](Layer& l) {
      l.d_w[2] = 3;
      l.d_b[2] = 1;
      if (runs_ == 1) l.d_w[0] = wrong;
    });
    EXPECT_FALSE(comparison.passed()) << comparison.summary();
  }
}

// Rounding alone brings it into the tolerance now and then.
TEST_F(OnKink, WhatOnlyTremblesAtTheToleranceFails) {
  const auto comparison = run([&](Layer& l) {
    l.d_w[2] = 3;
    l.d_b[2] = 1;
    l.d_w[0] += kAllowed * (runs_ % 2 == 1 ? 1.2 : 0.9);
  });
  EXPECT_FALSE(comparison.passed());
  EXPECT_NE(comparison.summary().find("; not on a kink: "), std::string::npos) << comparison.summary();
}

TEST_F(OnKink, RoundingsMoveInputsDrawsAndVariables) {
  const auto recorded = Case::load(folder_.path());
  const auto moved = nudged(recorded, 7, 8), same = nudged(recorded, 7, 8), other = nudged(recorded, 8, 8);
  EXPECT_TRUE(moved.json()["checkpoint"].is_null());
  for (const std::string key : {"inputs/x", "noise/u", "vars/generator/w", "vars/generator/b"}) {
    const auto change = (moved.tensor(key) / recorded.tensor(key) - 1).nan_to_num().abs();
    EXPECT_GT(change.max().item<float>(), 0) << key;
    EXPECT_LE(change.max().item<float>(), 4.5 * std::numeric_limits<float>::epsilon()) << key;
    EXPECT_TRUE(torch::equal(moved.tensor(key), same.tensor(key))) << key;
    EXPECT_FALSE(torch::equal(moved.tensor(key), other.tensor(key))) << key;
  }
  EXPECT_EQ(moved.tensor("noise/u")[2].item<float>(), 0);
  for (const std::string key : {"vars/generator/w/Adam", "outputs/y", "grads/generator/w"})
    EXPECT_TRUE(torch::equal(moved.tensor(key), recorded.tensor(key))) << key;
  const auto shift = [&](const std::string& key) {
    return moved.tensor(key).to(torch::kDouble) - recorded.tensor(key);
  };
  EXPECT_TRUE(torch::equal(shift("after/generator/w"), shift("vars/generator/w")));
}

}  // namespace
}  // namespace savp::golden
