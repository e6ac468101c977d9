#include "losses/losses.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "core/error.h"
#include "losses/terms.h"

namespace savp {
namespace {

std::vector<std::string> names(const LossTerms& terms) {
  std::vector<std::string> all;
  for (const auto& term : terms) all.push_back(term.name);
  return all;
}

TEST(Losses, KlOfTheStandardNormalIsZero) {
  const Gaussian standard{torch::zeros({3, 2, 4}), torch::zeros({3, 2, 4})};
  EXPECT_EQ(losses::kl_divergence(standard).item<float>(), 0.0F);
  const Gaussian shifted{torch::ones({3, 2, 4}), torch::zeros({3, 2, 4})};
  EXPECT_FLOAT_EQ(losses::kl_divergence(shifted).item<float>(), 2.0F);  // 4 latents x 1/2
  EXPECT_FLOAT_EQ(losses::kl_divergence(shifted, shifted).item<float>(), 0.0F);
}

TEST(Losses, AdversarialLossesAgreeWithTheirFormulas) {
  const auto logits = torch::tensor({0.5F, -1.0F}).view({2, 1});
  EXPECT_NEAR(losses::adversarial(logits, 1.0, GanLoss::kLsgan).item<double>(), (0.25 + 4.0) / 2, 1e-6);
  const double softplus = (std::log1p(std::exp(-0.5)) + std::log1p(std::exp(1.0))) / 2;
  EXPECT_NEAR(losses::adversarial(logits, 1.0, GanLoss::kGan).item<double>(), softplus, 1e-6);
  EXPECT_NEAR(losses::adversarial(logits, 1.0, GanLoss::kSngan).item<double>(), softplus, 1e-6);
}

TEST(Losses, CosineDistanceIgnoresLength) {
  const auto a = torch::rand({2, 3, 4, 4}) + 0.1;
  EXPECT_NEAR(losses::cosine_distance(a, a * 7.0).item<double>(), 0.0, 1e-6);
  EXPECT_NEAR(losses::cosine_distance(a, -a).item<double>(), 2.0, 1e-5);
}

TEST(Terms, RowsOfZeroWeightDoNotExist) {
  TrainHparams hp;
  hp.l2_weight = 0.0;
  EXPECT_TRUE(generator_terms(hp).empty());
  EXPECT_TRUE(discriminator_terms(hp).empty());
  hp.l1_weight = 100.0;
  hp.kl_weight = 1.0;
  hp.video_sn_gan_weight = hp.video_sn_vae_gan_weight = 0.1;
  hp.vae_gan_feature_cdist_weight = 10.0;
  EXPECT_EQ(names(generator_terms(hp)),
            (std::vector<std::string>{"gen_l1_loss", "gen_video_sn_gan_loss", "gen_video_sn_vae_gan_loss",
                                      "gen_video_sn_vae_gan_feature_cdist_loss", "gen_kl_loss"}));
  EXPECT_EQ(names(discriminator_terms(hp)),
            (std::vector<std::string>{"discrim_video_sn_gan_loss", "discrim_video_sn_vae_gan_loss"}));
}

TEST(Terms, WeightsThatAModelCannotServeAreRefused) {
  TrainHparams hp;
  hp.l2_weight = 0.0;
  const auto refusal = [&](const std::set<OutputKind>& provided) -> std::string {
    try {
      check_terms(generator_terms(hp), provided, "savp");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  hp.state_weight = 0.5;
  EXPECT_NE(refusal({}).find("state_weight=0.5 needs states"), std::string::npos);
  EXPECT_EQ(refusal({OutputKind::kStates}), "");
  hp.ae_l2_weight = 1.0;
  EXPECT_NE(refusal({OutputKind::kStates}).find("ae_l2_weight=1 needs features"), std::string::npos);
}

}  // namespace
}  // namespace savp
