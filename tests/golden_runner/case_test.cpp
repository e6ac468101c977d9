#include "golden_runner/case.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "golden_runner/recorded_noise.h"
#include "golden_runner/tolerances.h"
#include "io/safetensors.h"

namespace savp::golden {
namespace {

namespace fs = std::filesystem;

// A case of two steps and one variable "v" of two elements with a bias "scope/conv2d/bias" in front of an
// instance norm.
class GoldenCase : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / concat("golden_case_", ::getpid());
    fs::create_directories(folder_);
    std::ofstream(folder_ / "case.json") << R"({
      "name": "tiny", "kind": "train_step", "num_steps": 2,
      "outputs": [{"name": "gen_images", "slice": null, "max_abs": 2.0, "noise_max": 1e-6},
                  {"name": "quiet", "slice": null, "max_abs": 0.01, "noise_max": 1e-6}],
      "trainable": ["v", "scope/conv2d/bias", "scope/InstanceNorm/gamma", "other/conv2d/bias"],
      "grad_noise": {"v": [1.0, 1e-4], "scope/conv2d/kernel": [0.5, 1e-9]},
      "tolerances": {"measured_noise": {"losses": {"max_abs_noise": 1e-5}}, "ill_conditioned_grads": []}})";
    add("outputs/learning_rate", {0.1F});
    add("outputs/learning_rate@1", {0.05F});
    add("noise/prior_z", {1.0F, 2.0F});
    add("noise/prior_z@1", {3.0F, 4.0F});
    add("losses/d_loss@1", {7.0F});
    std::vector<TensorView> views;
    for (auto& [name, data] : values_)
      views.push_back({name,
                       "F32",
                       {static_cast<int64_t>(data.size())},
                       reinterpret_cast<std::byte*>(data.data()),
                       data.size() * sizeof(float)});
    const std::vector<int32_t> places = {0, 2};
    views.push_back(
        {"noise/disc_pre/real/t_start", "I32", {2}, reinterpret_cast<const std::byte*>(places.data()), 8});
    write_safetensors(folder_ / "tensors.safetensors", views, {});
  }
  void TearDown() override { fs::remove_all(folder_); }
  void add(const std::string& name, std::vector<float> data) { values_.emplace_back(name, std::move(data)); }

  fs::path folder_;
  std::vector<std::pair<std::string, std::vector<float>>> values_;
};

TEST_F(GoldenCase, NamesAreThoseOfAStep) {
  const auto recorded = Case::load(folder_);
  EXPECT_EQ(recorded.names("losses"), std::vector<std::string>{});
  EXPECT_EQ(recorded.names("losses", 1), std::vector<std::string>{"d_loss"});
  EXPECT_THROW(recorded.tensor("losses/d_loss"), DataError);
  EXPECT_EQ(recorded.scalar("losses/d_loss@1"), 7.0);
}

TEST_F(GoldenCase, DrawsAreThoseOfTheStep) {
  const auto recorded = Case::load(folder_);
  RecordedNoise noise(recorded);
  EXPECT_EQ(noise.normal("prior_z", {2})[1].item<float>(), 2.0F);
  EXPECT_EQ(noise.integers("disc_pre/real/t_start", 3, {2})[1].item<int64_t>(), 2);
  noise.set_step(1);
  EXPECT_EQ(noise.normal("prior_z", {2})[1].item<float>(), 4.0F);
}

TEST_F(GoldenCase, DrawsThatWereNotRecordedAreErrorsThatNameThem) {
  const auto recorded = Case::load(folder_);
  RecordedNoise noise(recorded);
  EXPECT_THROW(noise.normal("prior_z", {1, 2}), DataError);
  EXPECT_THROW(noise.integers("disc_pre/real/t_start", 2, {2}), DataError);
  try {
    noise.uniform("sched_prior_u", {2});
    FAIL() << "a draw came from nowhere";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("sched_prior_u"), std::string::npos);
  }
}

TEST_F(GoldenCase, TolerancesFollowSizeOrNoise) {
  const auto recorded = Case::load(folder_);
  const Tolerances tolerances(recorded);
  EXPECT_DOUBLE_EQ(tolerances.output("gen_images"), 1e-4);  // 5e-5 of the largest
  EXPECT_DOUBLE_EQ(tolerances.output("quiet"), 1e-5);       // 10 times the noise
  EXPECT_DOUBLE_EQ(tolerances.output("metrics/ssim"), 1e-4);
  EXPECT_DOUBLE_EQ(tolerances.loss(-20.0), 2e-3);
  EXPECT_DOUBLE_EQ(tolerances.loss(0.1), 1e-4);
  EXPECT_DOUBLE_EQ(tolerances.gradient("v", 2.0), 2e-3 + 1e-3);
  EXPECT_DOUBLE_EQ(tolerances.gradient("unknown", 2.0), 2e-3);
}

TEST_F(GoldenCase, AGradientThatIsZeroIsMeasuredByItsKernel) {
  const Tolerances tolerances(Case::load(folder_));
  EXPECT_DOUBLE_EQ(tolerances.gradient("scope/conv2d/bias", 1e-8), 1e-3 * 0.5);
  EXPECT_DOUBLE_EQ(tolerances.gradient("other/conv2d/bias", 1e-8), 1e-3 * 1e-8);
}

TEST_F(GoldenCase, StepsOfAdamAreCertainOnlyWellAboveTheNoise) {
  const Tolerances tolerances(Case::load(folder_));
  const auto expected = torch::zeros({3});
  const auto gradient = torch::tensor({1.0F, -0.5F, 0.009F});  // the last below 100 times the noise
  const auto allowed = tolerances.after("v", expected, gradient, 1.0);
  EXPECT_NEAR(allowed[0].item<double>(), 4 * 0.15 * 2e-3, 1e-9);
  EXPECT_NEAR(allowed[1].item<double>(), 8 * 0.15 * 2e-3, 1e-9);
  EXPECT_NEAR(allowed[2].item<double>(), 2.2 * 0.15, 1e-7);
  const auto biases = tolerances.after("scope/conv2d/bias", expected, gradient, 1.0);
  EXPECT_NEAR(biases[0].item<double>(), 2.2 * 0.15, 1e-7);
  const auto other = tolerances.after("other/conv2d/bias", expected, gradient, 1.0);
  EXPECT_LT(other[0].item<double>(), 1e-2);
}

TEST(FormulaVariable, FollowsSplitmix) {
  // Computed with an independent implementation of the formula.
  const auto value = formula_variable("generator/encoder/layer_1/conv2d/bias", 1114, {4}, 0.17, 0.5);
  const float expected[] = {0.359724462F, 0.517219603F, 0.53964144F, 0.633754253F};
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(value[i].item<float>(), expected[i]) << i;
}

}  // namespace
}  // namespace savp::golden
