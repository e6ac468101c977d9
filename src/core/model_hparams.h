// Hyperparameters that models share, with the names and defaults of the published implementation.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/hparams.h"
#include "core/limits.h"

namespace savp {

enum class GanLoss { kGan, kLsgan, kSngan };
template <>
struct EnumNames<GanLoss> {
  static constexpr std::pair<GanLoss, const char*> kTable[] = {
      {GanLoss::kGan, "GAN"}, {GanLoss::kLsgan, "LSGAN"}, {GanLoss::kSngan, "SNGAN"}};
};

enum class KlAnneal { kNone, kSigmoid, kLinear };
template <>
struct EnumNames<KlAnneal> {
  static constexpr std::pair<KlAnneal, const char*> kTable[] = {
      {KlAnneal::kNone, "none"}, {KlAnneal::kSigmoid, "sigmoid"}, {KlAnneal::kLinear, "linear"}};
};

// From `low` to `high`, or one special value that stands for "not set".
struct BetweenOr {
  double low, high, special;
  std::string complaint(double value) const {
    return (value >= low && value <= high) || value == special ? "" : "must be " + text();
  }
  std::string text() const { return concat("from ", low, " to ", high, ", or ", special); }
};

// What every predictor knows; -1 is replaced by the data set's value.
struct ModelHparams {
  using Self = ModelHparams;
  virtual ~ModelHparams() = default;
  HPARAM(int64_t, context_frames, -1, "true frames given at the start", (BetweenOr{1, limits::kFrames, -1}));
  HPARAM(int64_t, sequence_length, -1, "frames of a sequence, context included",
         (BetweenOr{2, limits::kFrames, -1}));
  HPARAM(int64_t, repeat, 1, "steps that each action is repeated for (the data set's time_shift)",
         (Between{0, limits::kFrames}));
};

// What every trained model knows.
struct TrainHparams : ModelHparams {
  using Self = TrainHparams;
  HPARAM(int64_t, batch_size, 16, "sequences a training step", (Between{1, limits::kSequences}));
  HPARAM(double, lr, 0.001, "learning rate at the start", AtLeast{0});
  HPARAM(double, end_lr, 0.0, "learning rate after the linear decay", AtLeast{0});
  HPARAM(Size2, decay_steps, (Size2{200000, 300000}),
         "linear decay of the learning rate: first, last step; [0,0]: none", (Between{0, limits::kSteps}));
  HPARAM(std::vector<int64_t>, lr_boundaries, (std::vector<int64_t>{0}),
         "steps after which the learning rate is divided by 10; [0]: none", (Between{0, limits::kSteps}));
  HPARAM(int64_t, max_steps, 300000, "training steps", (Between{0, limits::kSteps}));
  HPARAM(double, beta1, 0.9, "Adam: decay of the first moment", (Between{0, 1}));
  HPARAM(double, beta2, 0.999, "Adam: decay of the second moment", (Between{0, 1}));
  HPARAM(double, clip_norm, 0.0,
         "largest norm of all gradients of an optimizer together, which are scaled down to it; 0: any",
         Added{AtLeast{0}});
  HPARAM(double, weight_decay, 0.0,
         "share of each kernel, times the learning rate, that a step takes away (as in AdamW)",
         Added{AtLeast{0}});
  HPARAM(double, ema_decay, 0.0,
         "decay of a running average of the generator's weights, which is saved beside them and predicts; "
         "0: none",
         (Added{Between{0, 1}}));
  HPARAM(int64_t, clip_length, 10, "frames that the video and images discriminators see",
         (Between{1, limits::kFrames}));
  HPARAM(double, l1_weight, 0.0, "weight of the L1 distance to the true frames", AtLeast{0});
  HPARAM(double, l2_weight, 1.0, "weight of the squared distance to the true frames", AtLeast{0});
  HPARAM(double, vgg_cdist_weight, 0.0, "weight of the cosine distance of VGG-16 features (perceptual loss)",
         AtLeast{0});
  HPARAM(std::string, vgg_weights, "",
         "file with VGG-16's weights (safetensors, torchvision's names) for it; --vgg_weights sets it");
  HPARAM(double, feature_l2_weight, 0.0, "weight of a feature distance (no model provides it)", AtLeast{0});
  HPARAM(double, ae_l2_weight, 0.0, "weight of an autoencoder distance (no model provides it)", AtLeast{0});
  HPARAM(double, state_weight, 0.0, "weight of the squared distance to the true states", AtLeast{0});
  HPARAM(double, tv_weight, 0.0, "weight of the total variation of the flows", AtLeast{0});
  HPARAM(double, image_sn_gan_weight, 0.0, "image discriminator on prior samples", AtLeast{0});
  HPARAM(double, image_sn_vae_gan_weight, 0.0, "image discriminator on posterior samples", AtLeast{0});
  HPARAM(double, images_sn_gan_weight, 0.0, "image discriminator on each frame of a clip, prior samples",
         AtLeast{0});
  HPARAM(double, images_sn_vae_gan_weight, 0.0,
         "image discriminator on each frame of a clip, posterior samples", AtLeast{0});
  HPARAM(double, video_sn_gan_weight, 0.0, "video discriminator on prior samples", AtLeast{0});
  HPARAM(double, video_sn_vae_gan_weight, 0.0, "video discriminator on posterior samples", AtLeast{0});
  HPARAM(double, gan_feature_l2_weight, 0.0, "squared distance of discriminator features, prior samples",
         AtLeast{0});
  HPARAM(double, gan_feature_cdist_weight, 0.0, "cosine distance of discriminator features, prior samples",
         AtLeast{0});
  HPARAM(double, vae_gan_feature_l2_weight, 0.0,
         "squared distance of discriminator features, posterior samples", AtLeast{0});
  HPARAM(double, vae_gan_feature_cdist_weight, 0.0,
         "cosine distance of discriminator features, posterior samples", AtLeast{0});
  HPARAM(GanLoss, gan_loss_type, GanLoss::kLsgan, "adversarial loss");
  HPARAM(
      bool, joint_gan_optimization, false,
      "train the generator alone against discriminators that are never updated, as the published code does");
  HPARAM(double, kl_weight, 0.0, "weight of the KL divergence of posterior from prior", AtLeast{0});
  HPARAM(KlAnneal, kl_anneal, KlAnneal::kLinear, "how the KL weight grows");
  HPARAM(double, kl_anneal_k, -1.0, "speed of the sigmoid growth; must be set for it");
  HPARAM(Size2, kl_anneal_steps, (Size2{50000, 100000}),
         "linear growth of the KL weight from zero: first, last step", (Between{0, limits::kSteps}));
  HPARAM(double, z_l1_weight, 0.0, "has no effect (kept for old files)", AtLeast{0});
};

// A kind of discriminator with its weights on prior samples ("gan") and posterior samples ("vae_gan").
struct DiscriminatorKind {
  std::string scope;  // "video"
  std::string infix;  // "_video_sn"
  double gan_weight, vae_gan_weight;
};
// In the order image, images, video.
std::vector<DiscriminatorKind> discriminator_kinds(const TrainHparams& hparams);

}  // namespace savp
