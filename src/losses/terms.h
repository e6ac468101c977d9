// The terms of the two losses as tables. A row of zero weight does not exist.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/model_hparams.h"
#include "core/video.h"
#include "nn/vgg.h"

namespace savp {

// What terms are computed from.
struct LossInputs {
  const Batch& batch;
  const GeneratorOutput& output;
  const std::vector<Judgement>& judgements;
};

struct LossTerm {
  std::string name;
  double weight;
  bool annealed;  // its weight is the step's KL weight instead
  std::function<Tensor(const LossInputs&)> value;
  OutputKind needs = OutputKind::kImages;  // beside the images
};
using LossTerms = std::vector<LossTerm>;

// Throws UsageError where a term needs what the model does not give.
void check_terms(const LossTerms& terms, const std::set<OutputKind>& provided, const std::string& model);

// gen_l1_loss, gen_kl_loss, gen_video_sn_vae_gan_feature_cdist_loss, ...
// The perceptual loss needs the network when it is computed.
LossTerms generator_terms(const TrainHparams& hparams, const std::shared_ptr<nn::Vgg16>& vgg = nullptr);
// discrim_video_sn_gan_loss, ...
LossTerms discriminator_terms(const TrainHparams& hparams);

}  // namespace savp
