// The discriminators of a model: kind (image, images, video) x the latents its generated videos come from.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "core/noise.h"
#include "core/video.h"
#include "nn/discriminator.h"

namespace savp {

// Which discriminators a model has, and what they see.
struct DiscriminatorSetOptions {
  struct Kind {
    std::string scope, infix;  // "video", "_video_sn"
    bool prior, posterior;     // whether its verdict on these samples is part of a loss
  };
  std::vector<Kind> kinds;  // of non-zero weight
  bool stochastic = true;   // posterior samples exist
  bool shared = false;      // one discriminator for prior and posterior samples
  int64_t clip_length = 10, ndf = 32;
  VideoShape shape;
};

class DiscriminatorSet : public torch::nn::Module {
 public:
  explicit DiscriminatorSet(const DiscriminatorSetOptions& options);
  bool empty() const { return networks_.empty(); }

  // The weights of a phase, normalised once. With every = false, only of discriminators that take part in
  // a loss.
  using Weights = std::vector<nn::Discriminator::Weights>;
  Weights normalize() const;

  enum class Phase {
    kDiscriminator,  // generated videos are constants; the gradient reaches the weights
    kGenerator,      // true videos and the weights are constants; the gradient reaches the generated videos
  };
  // Judges true against generated frames, both [T - 1, B, C, H, W], on clips drawn anew for each of the four
  // passes ("enc_real", "enc_fake", "real", "fake"). Only what takes part in a loss unless `all`.
  std::vector<Judgement> judge(const Tensor& targets, const GeneratorOutput& output, const Weights& weights,
                               Phase phase, Noise& noise, bool all = false) const;

  // Takes over the power-iteration vectors that normalize() found.
  void advance(const Weights& weights);

 private:
  struct Network {
    std::shared_ptr<nn::Discriminator> net;
    std::string scope, infix;
    bool posterior;  // sees posterior samples
    bool in_loss;
    size_t weights;  // index of its weights (shared ones have one)
  };
  struct Draws;
  Tensor view(const Tensor& frames, const Network& network, const Draws& draws) const;

  DiscriminatorSetOptions options_;
  std::vector<Network> networks_;
  std::vector<std::shared_ptr<nn::Discriminator>> nets_;
};

}  // namespace savp
