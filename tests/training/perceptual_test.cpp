#include "training/perceptual.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "checkpoints/tensors.h"
#include "core/error.h"
#include "losses/losses.h"
#include "metrics/lpips.h"
#include "models/models.h"
#include "nn/alex_net.h"
#include "support/scratch_test.h"
#include "training/best_checkpoint.h"
#include "training/summaries.h"
#include "training/trainer.h"

namespace savp {
namespace {

class Perceptual : public ScratchTest {
 protected:
  // Random weights, as a file.
  std::string weights() {
    torch::manual_seed(0);
    nn::Vgg16 vgg;
    NamedTensors variables;
    for (const auto& item : vgg.named_parameters())
      variables.emplace_back(item.key(), torch::randn_like(item.value()) * 0.05);
    return save_checkpoint(folder_, 0, variables, {}).string();
  }
  static TrainHparams hparams(const std::string& file) {
    TrainHparams hp;
    hp.vgg_cdist_weight = 1.0;
    hp.vgg_weights = file;
    return hp;
  }
};

TEST_F(Perceptual, ComparesPicturesOfAnyColour) {
  const auto vgg = load_vgg(hparams(weights()), at::kCPU);
  const auto a = torch::rand({2, 3, 32, 32}), b = torch::rand({2, 3, 32, 32});
  EXPECT_NEAR(losses::perceptual(*vgg, a, a).item<double>(), 0.0, 1e-6);
  EXPECT_GT(losses::perceptual(*vgg, a, b).item<double>(), 1e-3);
  const auto features = vgg->forward(a.narrow(1, 0, 1));
  ASSERT_EQ(features.size(), 5u);
  EXPECT_EQ(features[0].sizes(), (std::vector<int64_t>{2, 64, 32, 32}));
  EXPECT_EQ(features[4].sizes(), (std::vector<int64_t>{2, 512, 2, 2}));
}

TEST_F(Perceptual, TrainsAModel) {
  const auto& entry = find_model("sna");
  const auto hp = entry.make_hparams();
  auto view = entry.view(*hp);
  view.override_from_text(
      "ngf=2,num_masks=2,context_frames=1,sequence_length=2,l2_weight=0,vgg_cdist_weight=1", "test");
  view.set("vgg_weights", weights());
  const auto& of_training = dynamic_cast<const TrainHparams&>(*hp);
  const VideoShape shape{.channels = 3, .height = 32, .width = 32};
  EXPECT_CONTAINS(message_of<UsageError>([&] {
                    Trainer(entry, of_training, shape, {at::kCPU, 1});
                  }),
                  "vgg_cdist_weight=1 needs VGG-16");
  Trainer trainer(entry, of_training, shape,
                  {.device = at::kCPU, .seed = 1, .vgg = load_vgg(of_training, at::kCPU)});
  Batch batch;
  batch.images = torch::rand({2, 1, 3, 32, 32});
  const auto first = trainer.step(batch).g_loss_post.item<double>();
  double last = first;
  for (int i = 0; i < 5; ++i) last = trainer.step(batch).g_loss_post.item<double>();
  EXPECT_LT(last, first);
}

TEST_F(Perceptual, IsALossThatMayChooseTheBestCheckpoint) {
  const auto with = hparams(weights());
  const VideoShape shape{.channels = 3, .height = 32, .width = 32};
  EXPECT_FALSE(validated_metrics(std::nullopt, with, shape, at::kCPU).empty());
  EXPECT_FALSE(validated_metrics("gen_vgg_cdist_loss", with, shape, at::kCPU).empty());
  EXPECT_THROW(validated_metrics("gen_vgg_cdist_loss", TrainHparams(), shape, at::kCPU), UsageError);
}

TEST_F(Perceptual, NeedsItsWeights) {
  EXPECT_EQ(load_vgg(TrainHparams(), at::kCPU), nullptr);
  EXPECT_THROW(load_vgg(hparams((folder_ / "missing.safetensors").string()), at::kCPU), DataError);
  ::setenv("SAVP_CACHE_DIR", folder_.c_str(), 1);
  EXPECT_CONTAINS(message_of<UsageError>([&] { load_vgg(hparams(""), at::kCPU); }),
                  "needs the weights of VGG-16: scripts/fetch_metric_weights.sh downloads them");
  std::filesystem::create_directory(folder_ / "metric_weights");
  std::filesystem::copy(weights(), folder_ / "metric_weights/vgg16.safetensors");
  EXPECT_NE(load_vgg(hparams(""), at::kCPU), nullptr);
  ::unsetenv("SAVP_CACHE_DIR");
}

// What --metric_weights names goes before the cache, for the loss as for what validation measures.
TEST_F(Perceptual, TakesNetworksOfTheFolderThatIsNamed) {
  const auto networks = (folder_ / "networks").string();
  const VideoShape shape{.channels = 3, .height = 32, .width = 32};
  EXPECT_CONTAINS(message_of<UsageError>([&] { load_vgg(hparams(""), at::kCPU, networks); }), networks);
  EXPECT_CONTAINS(
      message_of<DataError>([&] { validated_metrics("lpips", TrainHparams(), shape, at::kCPU, networks); }),
      networks);
  std::filesystem::create_directory(networks);
  std::filesystem::copy(weights(), networks + "/vgg16.safetensors");
  torch::manual_seed(0);
  auto alex = Lpips(std::make_shared<nn::AlexNet>()).variables();
  for (auto& variable : alex) variable.second = torch::rand_like(variable.second) * 0.05;
  write_variables(networks + "/lpips_alex.safetensors", alex, {});
  EXPECT_NE(load_vgg(hparams(""), at::kCPU, networks), nullptr);
  EXPECT_EQ(validated_metrics("lpips", TrainHparams(), shape, at::kCPU, networks).back().name, "lpips");
  EXPECT_EQ(summary_metrics(shape, at::kCPU, networks).per_frame.back().name, "lpips");
}

}  // namespace
}  // namespace savp
