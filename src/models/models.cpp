#include "models/models.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "models/baselines.h"
#include "models/dna.h"
#include "models/savp.h"
#include "models/sna.h"
#include "models/sv2p.h"

namespace savp {
namespace {

template <class H, class G>
std::shared_ptr<Generator> make_generator(const ModelHparams& hparams, const VideoShape& shape) {
  SAVP_CHECK(hparams.context_frames >= 1 && hparams.sequence_length > hparams.context_frames, UsageError,
             "context_frames=", hparams.context_frames, ", sequence_length=", hparams.sequence_length,
             ": at least one frame must be given and one predicted");
  return std::make_shared<G>(dynamic_cast<const H&>(hparams), shape);
}

std::shared_ptr<DiscriminatorSet> savp_discriminators(const ModelHparams& hparams, const VideoShape& shape) {
  const auto& hp = dynamic_cast<const SavpHparams&>(hparams);
  DiscriminatorSetOptions options{.stochastic = hp.nz > 0,
                                  .shared = hp.use_same_discriminator,
                                  .clip_length = hp.clip_length,
                                  .ndf = hp.ndf,
                                  .shape = shape};
  for (const auto& kind : discriminator_kinds(hp)) {
    const bool prior = kind.gan_weight != 0.0, posterior = kind.vae_gan_weight != 0.0;
    if (prior || posterior) options.kinds.push_back({kind.scope, kind.infix, prior, posterior});
  }
  SAVP_CHECK(options.kinds.empty() || hp.clip_length < hp.sequence_length, UsageError,
             "clip_length=", hp.clip_length, ": the discriminators see clips of the ", hp.sequence_length - 1,
             " predicted frames; set clip_length to at most that or a longer sequence_length");
  return std::make_shared<DiscriminatorSet>(options);
}

std::shared_ptr<DiscriminatorSet> no_discriminators(const ModelHparams& /*hparams*/,
                                                    const VideoShape& /*shape*/) {
  return std::make_shared<DiscriminatorSet>(DiscriminatorSetOptions{});
}

using MakeDiscriminators = std::shared_ptr<DiscriminatorSet>(const ModelHparams&, const VideoShape&);
using MakePredictor = std::unique_ptr<VideoPredictor>(const ModelHparams&);

template <class H>
ModelEntry entry(const char* name, const char* alias, const char* about) {
  return {
      .name = name,
      .aliases = {alias},
      .about = about,
      .make_hparams = [] { return std::make_unique<H>(); },
      .copy_hparams = [](const ModelHparams& hp) { return std::make_unique<H>(dynamic_cast<const H&>(hp)); },
      .view = [](ModelHparams& hp) -> HparamsView { return dynamic_cast<H&>(hp); }};
}

// A model that is trained: its hyperparameters and its generator.
template <class H, class G>
ModelEntry row(const char* name, const char* alias, const char* about,
               MakeDiscriminators* discriminators = no_discriminators) {
  auto model = entry<H>(name, alias, about);
  model.trainable = true;
  model.make_generator = make_generator<H, G>;
  model.make_discriminators = discriminators;
  return model;
}

// One without weights.
ModelEntry baseline(const char* name, const char* alias, const char* about, MakePredictor* make) {
  auto model = entry<ModelHparams>(name, alias, about);
  model.make_predictor = make;
  return model;
}

}  // namespace

const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> kModels = {
      row<SavpHparams, SavpGenerator>("savp", "SAVPVideoPredictionModel",
                                      "stochastic adversarial video prediction (Lee et al. 2018)",
                                      savp_discriminators),
      row<DnaHparams, DnaGenerator>("dna", "DNAVideoPredictionModel",
                                    "dynamic neural advection (Finn et al. 2016)"),
      row<SnaHparams, SnaGenerator>("sna", "SNAVideoPredictionModel",
                                    "advection with skip connections in time (Ebert et al. 2017)"),
      row<Sv2pHparams, Sv2pGenerator>("sv2p", "SV2PVideoPredictionModel",
                                      "stochastic variational video prediction (Babaeizadeh et al. 2018)"),
      baseline("ground_truth", "GroundTruthVideoPredictionModel",
               "the true frames: what a perfect prediction scores", make_ground_truth),
      baseline("repeat", "RepeatVideoPredictionModel",
               "repeats the last context frame: what standing still scores", make_repeat),
  };
  return kModels;
}

const ModelEntry& find_model(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : models()) {
    if (entry.name == name ||
        std::find(entry.aliases.begin(), entry.aliases.end(), name) != entry.aliases.end())
      return entry;
    names.push_back(entry.name);
  }
  throw UsageError(
      concat("unknown model ", name, did_you_mean(name, names), ": known are ", join_words(names)));
}

const std::vector<std::string>& deprecated_hparams() {
  static const std::vector<std::string> kNames = {"num_gpus",
                                                  "e_net",
                                                  "d_conditional",
                                                  "d_downsample_layer",
                                                  "d_net",
                                                  "d_use_gt_inputs",
                                                  "gan_weight",
                                                  "vae_gan_weight",
                                                  "tuple_gan_weight",
                                                  "tuple_vae_gan_weight",
                                                  "image_gan_weight",
                                                  "image_vae_gan_weight",
                                                  "video_gan_weight",
                                                  "video_vae_gan_weight",
                                                  "acvideo_gan_weight",
                                                  "acvideo_vae_gan_weight"};
  return kNames;
}

}  // namespace savp
