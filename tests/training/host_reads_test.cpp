// A training step asks a GPU for work and never for an answer (grid_test.cpp: of what it calls on a CPU).
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <memory>

#include "core/device.h"
#include "training/trainer.h"

namespace savp {
namespace {

struct Setting {
  const char* name;
  const char* model;
  const char* hparams;
  bool robot = false;  // with actions and states
  bool recompute = false;
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

constexpr char kSmall[] =
    "ngf=4,nef=4,ndf=4,nz=2,clip_length=4,lr=0.0001,video_sn_gan_weight=0.1,video_sn_vae_gan_weight=0.1,"
    "vae_gan_feature_cdist_weight=10,kl_weight=1";

const Setting kSettings[] = {
    {"savp", "savp", kSmall},
    {"savp_robot", "savp", "ngf=4,nef=4,ndf=4,nz=2,clip_length=4,l2_weight=1,state_weight=0.1,kl_weight=0.1",
     true},
    {"savp_image_gans", "savp",
     "ngf=4,nef=4,ndf=4,nz=2,clip_length=4,image_sn_gan_weight=0.1,images_sn_vae_gan_weight=0.1,gan_loss_"
     "type=SNGAN"},
    {"savp_deterministic_flow", "savp", "ngf=4,nz=0,transformation=flow,tv_weight=0.1"},
    {"savp_dna_gru", "savp", "ngf=4,nef=4,nz=2,transformation=dna,conv_rnn=gru,learn_prior=true,kl_weight=1"},
    {"sna", "sna", "ngf=4,l2_weight=1"},
    {"sna_dna", "sna", "ngf=4,l2_weight=1,transformation=dna,num_masks=1"},
    {"dna_stp", "dna", "l2_weight=1,transformation=stp"},
    {"sv2p", "sv2p", "l2_weight=1,multi_latent=true", true},
    {"savp_recomputed", "savp", kSmall, false, true},
    {"sv2p_recomputed", "sv2p", "l2_weight=1,multi_latent=true", true, true},
};

constexpr int64_t kFrames = 6, kVideos = 2, kSide = 32;

VideoShape shape_of(const Setting& setting) {
  return {.channels = 3,
          .height = kSide,
          .width = kSide,
          .actions = setting.robot ? 4 : 0,
          .states = setting.robot ? 3 : 0};
}

std::unique_ptr<ModelHparams> hparams_of(const Setting& setting, const ModelEntry& entry) {
  auto hparams = entry.make_hparams();
  auto view = entry.view(*hparams);
  view.override_from_text(setting.hparams, "test");
  view.set("context_frames", 2);
  view.set("sequence_length", kFrames);
  return hparams;
}

Batch batch_of(const Setting& setting, const at::Device& device) {
  const auto options = at::device(device).dtype(at::kFloat);
  Batch batch;
  batch.images = at::rand({kFrames, kVideos, 3, kSide, kSide}, options);
  if (setting.robot) {
    batch.actions = at::rand({kFrames - 1, kVideos, 4}, options);
    batch.states = at::rand({kFrames, kVideos, 3}, options);
  }
  return batch;
}

class HostReads : public testing::TestWithParam<Setting> {};

// LibTorch itself refuses to wait.
TEST_P(HostReads, OnTheGpuAStepNeverWaits) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const auto& setting = GetParam();
  const auto& entry = find_model(setting.model);
  const auto hparams = hparams_of(setting, entry);
  const at::Device gpu(at::kCUDA, 0);
  Trainer trainer(entry, dynamic_cast<const TrainHparams&>(*hparams), shape_of(setting),
                  {.device = gpu, .seed = 1, .recompute = setting.recompute});
  const auto batch = batch_of(setting, gpu);
  trainer.step(batch);
  {
    const RefuseWaiting refuse(gpu);
    trainer.step(batch, {.report = true});
  }
  EXPECT_TRUE(trainer.step(batch).g_loss_post.isfinite().item<bool>());
}

TEST_P(HostReads, OnTheGpuAStepCanBeRecorded) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const auto& setting = GetParam();
  const auto& entry = find_model(setting.model);
  const auto hparams = hparams_of(setting, entry);
  const at::Device gpu(at::kCUDA, 0);
  const auto batch = batch_of(setting, gpu);
  const auto losses = [&](bool graph) {
    Trainer trainer(entry, dynamic_cast<const TrainHparams&>(*hparams), shape_of(setting),
                    {.device = gpu, .seed = 1, .graph = graph, .recompute = setting.recompute});
    std::vector<double> all;
    for (int i = 0; i < 5; ++i) all.push_back(trainer.step(batch).g_loss_post.item<double>());
    return all;
  };
  const auto eager = losses(false), replayed = losses(true);
  // Sums in another order at each run (atomic additions) move what has hardly a gradient by whole steps
  // of Adam.
  for (size_t i = 0; i < eager.size(); ++i)
    EXPECT_NEAR(eager[i], replayed[i], (i < 2 ? 1e-4 : 1e-2) * std::abs(eager[i])) << "step " << i;
}

INSTANTIATE_TEST_SUITE_P(AllModels, HostReads, testing::ValuesIn(kSettings),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace savp
