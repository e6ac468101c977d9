// Every option of every model, and every combination of the main ones, takes a training step.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <set>

#include "core/device.h"
#include "core/operator_count.h"
#include "models/models.h"
#include "training/trainer.h"

namespace savp {
namespace {

constexpr int64_t kFrames = 4, kVideos = 2;
constexpr VideoShape kPlain{.channels = 3, .height = 32, .width = 32};
constexpr VideoShape kActed{.channels = 3, .height = 32, .width = 32, .actions = 2, .states = 3};

// Draws made on the CPU, so that they are the same wherever they are used.
class SameNoise : public Noise {
 public:
  explicit SameNoise(const at::Device& device) : drawn_(at::kCPU, 7), device_(device) {}
  Tensor normal(const std::string& name, at::IntArrayRef shape) override {
    return drawn_.normal(name, shape).to(device_);
  }
  Tensor uniform(const std::string& name, at::IntArrayRef shape) override {
    return drawn_.uniform(name, shape).to(device_);
  }
  Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) override {
    return drawn_.integers(name, high, shape).to(device_);
  }

 private:
  DeviceNoise drawn_;
  at::Device device_;
};

Batch random_batch(const VideoShape& shape, int64_t frames) {
  torch::manual_seed(5);
  Batch batch;
  batch.images = torch::rand({frames, kVideos, shape.channels, shape.height, shape.width});
  if (shape.actions > 0) batch.actions = torch::rand({frames - 1, kVideos, shape.actions});
  if (shape.states > 0) batch.states = torch::rand({frames, kVideos, shape.states});
  return batch;
}

// What makes a model small and lets every part of it learn.
const std::map<std::string, std::string> kTiny = {
    {"savp",
     "ngf=4,nef=4,ndf=4,nz=2,clip_length=3,num_samples=1,kl_weight=0.1,kl_anneal=none,image_sn_gan_weight=0."
     "1,"
     "image_sn_vae_gan_weight=0.1"},
    {"dna", "num_masks=2,kernel_size=[5,5]"},
    {"sna", "num_masks=2,ngf=4"},
    {"sv2p", "num_masks=2,kl_weight=0.1,kl_anneal=none,num_iterations_1st_stage=0"}};

std::unique_ptr<Trainer> make_trainer(const std::string& model, const std::string& options,
                                      const VideoShape& shape, const TrainerOptions& how) {
  const auto& entry = find_model(model);
  const auto hp = entry.make_hparams();
  auto view = entry.view(*hp);
  view.override_from_json({{"context_frames", 2}, {"sequence_length", kFrames}}, "test");
  view.override_from_text(kTiny.at(model), "test");
  view.override_from_text(options, "test");
  auto trainer = std::make_unique<Trainer>(entry, dynamic_cast<const TrainHparams&>(*hp), shape, how);
  trainer->set_noise(std::make_shared<SameNoise>(how.device));
  return trainer;
}

// A step whose losses and gradients must be finite; every weight must have a gradient unless its name has one
// of the given parts. Returns the generator's loss.
double step(const std::string& model, const std::string& options, const VideoShape& shape = kPlain,
            const std::vector<std::string>& without_gradient = {}) {
  SCOPED_TRACE(model + " " + options);
  const auto trainer = make_trainer(model, options, shape, {at::kCPU, 1});
  const auto report = trainer->step(random_batch(shape, trainer->hparams().sequence_length));
  for (const auto* losses : {&report.d_losses, &report.g_losses_post})
    for (const auto& [name, value] : *losses) EXPECT_TRUE(std::isfinite(value.item<double>())) << name;
  for (const auto& [name, gradient] : trainer->gradients()) {
    bool excepted = false;
    for (const auto& part : without_gradient) excepted = excepted || name.find(part) != std::string::npos;
    if (excepted) continue;
    EXPECT_TRUE(gradient.defined()) << name << " has no gradient";
    if (!gradient.defined()) continue;
    EXPECT_TRUE(torch::isfinite(gradient).all().item<bool>()) << name;
    const bool weight = name.ends_with("/kernel") || name.ends_with("/weights");
    if (weight) EXPECT_TRUE(gradient.any().item<bool>()) << name << ": its gradient is zero";
  }
  return report.g_loss_post.item<double>();
}

TEST(Grid, AllCombinationsOfTheMainOptionsTakeAStep) {
  for (const std::string transformation : {"cdna", "dna", "flow"})
    for (const std::string conv_rnn : {"lstm", "gru"})
      for (const std::string norm : {"instance", "batch", "batch_trained", "layer", "none"})
        for (const std::string where_add : {"input", "middle", "all"})
          for (const std::string last_frames : {"1", "2"})
            step("savp", "transformation=" + transformation + ",conv_rnn=" + conv_rnn + ",norm_layer=" +
                             norm + ",conv_rnn_norm_layer=" + norm + ",where_add=" + where_add +
                             ",last_frames=" + last_frames + ",kernel_size=[3,3],num_transformed_images=2");
}

struct Row {
  std::string model, options;
  VideoShape shape = kPlain;
  std::vector<std::string> without_gradient = {};
};

// Everything else, a few options a row. Variables that only what is left out would use have no gradient.
const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"savp", "n_layers=2,nef=2,nz=3,ngf=2,ndf=2,num_samples=2,batch_size=2"},
      {"savp", "downsample_layer=conv2d,upsample_layer=deconv2d,activation_layer=elu"},
      {"savp", "downsample_layer=conv_pool2d_v2,upsample_layer=upsample_conv2d_v2"},
      {"savp", "kernel_size=[4,3],dilation_rate=[2,3]"},
      {"savp", "transformation=dna,kernel_size=[3,4],dilation_rate=[2,1]"},
      {"savp", "use_tile_concat=false", kActed, {"state_pred"}},
      {"savp", "use_tile_concat=false,conv_rnn=gru,where_add=middle"},
      {"savp", "learn_initial_state=true,rnn=gru,conv_rnn=gru"},
      {"savp", "learn_initial_state=true"},
      {"savp",
       "prev_image_background=false,first_image_background=false,generate_scratch_image=false,"
       "dependent_mask=false"},
      {"savp", "last_image_background=true,last_context_image_background=true"},
      {"savp", "context_images_background=true"},
      {"savp", "schedule_sampling=linear,schedule_sampling_steps=[0,10]"},
      {"savp", "schedule_sampling=none,schedule_sampling_k=5"},
      {"savp", "use_e_rnn=true,rnn=gru"},
      {"savp", "learn_prior=true,use_rnn_z=false"},
      {"savp", "learn_prior=true,state_weight=1", kActed},
      {"savp", "ablation_conv_rnn_norm=true"},
      {"savp", "ablation_conv_rnn_norm=true,conv_rnn_norm_layer=none"},
      {"savp", "ablation_rnn=true,learn_initial_state=true,use_tile_concat=false"},
      {"savp", "use_same_discriminator=true,gan_loss_type=GAN"},
      {"savp", "joint_gan_optimization=true,gan_loss_type=SNGAN"},
      {"savp",
       "images_sn_gan_weight=0.1,images_sn_vae_gan_weight=0.1,gan_feature_l2_weight=1,"
       "vae_gan_feature_l2_weight=1,gan_feature_cdist_weight=1,vae_gan_feature_cdist_weight=1"},
      {"savp",
       "sequence_length=6,clip_length=4,image_sn_gan_weight=0,image_sn_vae_gan_weight=0,"
       "video_sn_gan_weight=0.1,video_sn_vae_gan_weight=0.1"},
      {"savp", "transformation=flow,tv_weight=0.1,l1_weight=0,l2_weight=1"},
      {"savp", "kl_anneal=sigmoid,kl_anneal_k=100"},
      {"savp", "kl_anneal=linear,kl_anneal_steps=[0,2]"},
      {"savp", "lr=0.01,end_lr=0.001,decay_steps=[0,10],beta1=0.5,beta2=0.9,max_steps=2"},
      {"savp", "lr_boundaries=[1,2],repeat=2,z_l1_weight=1"},
      {"savp", "feature_l2_weight=0,ae_l2_weight=0"},
      {"savp", "clip_norm=0.5,weight_decay=0.01,ema_decay=0.9"},
      {"dna", "state_weight=1", kActed},
      {"dna", "transformation=dna,num_masks=1,kernel_size=[3,4]", kActed},
      {"dna", "transformation=stp,schedule_sampling_k=-1"},
      {"sna", "state_weight=1,kernel_size=[3,4]", kActed},
      {"sna", "first_image_background=false,generate_scratch_image=false,schedule_sampling_k=10"},
      {"sna", "transformation=stp"},
      {"sv2p", "state_weight=1", kActed},
      {"sv2p",
       "multi_latent=true,latent_channels=2,latent_std_min=-4,schedule_sampling_k=10",
       kPlain,
       {"state_pred"}},
      {"sv2p", "stochastic_model=false,kl_weight=0", kPlain, {"state_pred"}},
      {"sv2p", "transformation=stp", kPlain, {"state_pred"}},
      {"sv2p", "num_iterations_1st_stage=10,transformation=dna,num_masks=1", kPlain, {"state_pred"}},
  };
  return kRows;
}

TEST(Grid, EveryOptionTakesAStep) {
  for (const auto& row : rows()) step(row.model, row.options, row.shape, row.without_gradient);
}

// A step asks the device for work and never for an answer: on a GPU each of these would wait.
void step_without_reading(const Row& row, TrainerOptions how) {
  SCOPED_TRACE(row.model + " " + row.options);
  how.seed = 1;
  const auto trainer = make_trainer(row.model, row.options, row.shape, how);
  const auto batch = random_batch(row.shape, trainer->hparams().sequence_length);
  trainer->step(batch);
  const OperatorCount count;
  trainer->step(batch, {.report = true});
  for (const char* name : {"aten::item", "aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal",
                           "aten::nonzero", "aten::masked_select", "aten::unique"})
    // LibTorch's fused Adam for the CPU looks at its own constants.
    EXPECT_EQ(count.calls(name) - count.calls_inside(name, "aten::_fused_adam_"), 0) << name;
  EXPECT_GT(count.calls("aten::mul"), 0);  // it does count
  int64_t all = 0, of_derivatives = 0;
  for (const auto& [name, times] : count.computing()) all += times;
  for (const auto& [name, times] : count.computing_gradients()) of_derivatives += times;
  EXPECT_GT(of_derivatives, 0);
  EXPECT_LT(of_derivatives, all);
}

TEST(Grid, NoOptionMakesAStepReadBack) {
  for (const auto& row : rows()) step_without_reading(row, {});
  for (const std::string model : {"savp", "sna", "sv2p", "dna"}) {
    step_without_reading({model, ""}, {.accumulate_steps = 2});
    step_without_reading({model, ""}, {.precision = Precision::kBf16});
    step_without_reading({model, ""}, {.recompute = true});
  }
  step_without_reading({"sna", "vgg_cdist_weight=1"}, {.vgg = std::make_shared<nn::Vgg16>()});
}

// Names that the rows, the grid and the small models do not set.
TEST(Grid, EveryOptionIsThere) {
  const std::set<std::string> elsewhere = {"vgg_cdist_weight", "vgg_weights"};  // perceptual_test
  std::map<std::string, std::string> texts = kTiny;
  texts["savp"] +=
      ",transformation=,conv_rnn=,norm_layer=,conv_rnn_norm_layer=,where_add=,last_frames=,"
      "num_transformed_images=,context_frames=,sequence_length=";
  for (const auto& row : rows()) texts[row.model] += "," + row.options;
  std::string all;
  for (const auto& [model, text] : texts) all += "," + text;
  for (const auto& [model, text] : texts) {
    const auto& entry = find_model(model);
    const auto hparams = entry.make_hparams();
    const auto shared = [](const std::string& name) {
      TrainHparams hp;
      return HparamsView(hp).has(name);
    };
    for (const auto& name : entry.view(*hparams).names()) {
      const auto& where = shared(name) ? all : text;  // what all models share is tried with one of them
      EXPECT_TRUE(elsewhere.contains(name) || ("," + where).find("," + name + "=") != std::string::npos)
          << model << ": no step is taken with " << name;
    }
  }
}

TEST(Grid, OnTheGpuTheLossesAreTheSame) {
  if (!device_named("auto").is_cuda()) GTEST_SKIP() << "no GPU";
  const at::Device gpu(at::kCUDA, 0);
  for (const auto& row : rows()) {
    SCOPED_TRACE(row.model + " " + row.options);
    const auto trainer = make_trainer(row.model, row.options, row.shape, {gpu, 1});
    const auto batch = random_batch(row.shape, trainer->hparams().sequence_length).to(gpu);
    const auto loss = trainer->step(batch).g_loss_post.item<double>();
    EXPECT_NEAR(loss, step(row.model, row.options, row.shape, row.without_gradient), 2e-3 * std::abs(loss));
  }
}

}  // namespace
}  // namespace savp
