// Training in bfloat16 learns what training in float does.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "models/savp.h"
#include "training/trainer.h"

namespace savp {
namespace {

constexpr int64_t kFrames = 6, kVideos = 2, kRuns = 4;

SavpHparams toy_hparams() {
  SavpHparams hp;
  hp.ngf = hp.nef = hp.ndf = 4;
  hp.nz = 2;
  hp.context_frames = 2;
  hp.sequence_length = kFrames;
  hp.clip_length = 4;
  hp.lr = 0.002;
  hp.beta1 = 0.5;
  hp.l1_weight = 100.0;
  hp.kl_weight = 0.1;
  hp.kl_anneal = KlAnneal::kNone;
  hp.video_sn_gan_weight = hp.video_sn_vae_gan_weight = 0.1;
  return hp;
}

// Bright squares that move, from other places at each step.
Batch squares(int64_t step) {
  Batch batch;
  batch.images = torch::full({kFrames, kVideos, 3, 32, 32}, 0.2);
  for (int64_t t = 0; t < kFrames; ++t)
    for (int64_t b = 0; b < kVideos; ++b) {
      const int64_t y = (3 * step + 7 * b) % 12 + 2 * t, x = (5 * step + 11 * b) % 12 + 2 * t;
      batch.images[t][b].slice(1, y, y + 8).slice(2, x, x + 8).fill_(0.9);
    }
  return batch;
}

// The generator's loss, averaged over the last 50 of 300 steps.
double end_of_training(Precision precision, uint64_t seed) {
  Trainer trainer(find_model("savp"), toy_hparams(), {.channels = 3, .height = 32, .width = 32},
                  {.seed = seed, .precision = precision});
  double sum = 0;
  for (int64_t step = 0; step < 300; ++step) {
    const auto loss = trainer.step(squares(step)).g_loss_post.item<double>();
    if (step >= 250) sum += loss / 50;
  }
  return sum;
}

TEST(Precision, TrainingInBfloat16EndsWithinTheNoiseOfRepeats) {
  std::vector<double> exact, reduced;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    exact.push_back(end_of_training(Precision::kFp32, seed));
    reduced.push_back(end_of_training(Precision::kBf16, seed));
  }
  const auto [least, most] = std::minmax_element(exact.begin(), exact.end());
  const auto mean = [](const std::vector<double>& x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / kRuns;
  };
  RecordProperty("fp32", testing::PrintToString(exact));
  RecordProperty("bf16", testing::PrintToString(reduced));
  std::cout << "fp32 " << testing::PrintToString(exact) << ", bf16 " << testing::PrintToString(reduced)
            << "\n";
  EXPECT_LE(std::abs(mean(reduced) - mean(exact)), *most - *least);
  EXPECT_LT(mean(exact), 10.0) << "it has learnt something";
}

}  // namespace
}  // namespace savp
