#include "models/discriminators.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <utility>

#include "core/error.h"
#include "nn/layers.h"

namespace savp {
namespace {

Verdict halves(const Verdict& both, bool first) {
  const auto half = [&](const Tensor& x) { return x.chunk(2, 0)[first ? 0 : 1]; };
  Verdict verdict{half(both.logits), {}};
  for (const auto& feature : both.features) verdict.features.push_back(half(feature));
  return verdict;
}

}  // namespace

// The frames that one pass looks at.
struct DiscriminatorSet::Draws {
  Tensor frame;  // [B], for the image discriminator
  Tensor start;  // [B], first frame of the clip
};

DiscriminatorSet::DiscriminatorSet(const DiscriminatorSetOptions& options) : options_(options) {
  std::map<std::string, size_t> made;
  for (const bool posterior : {true, false}) {
    if (posterior && !options.stochastic) continue;
    for (const auto& kind : options.kinds) {
      const auto path = (posterior && !options.shared ? "encoder." : "") + kind.scope;
      if (!made.contains(path)) {
        const nn::DiscriminatorOptions o{kind.scope == "video", options.shape.channels, options.shape.height,
                                         options.shape.width,   options.clip_length,    options.ndf};
        made[path] = nets_.size();
        nets_.push_back(nn::placed(*this, path, std::make_shared<nn::Discriminator>(o)));
      }
      networks_.push_back({nets_[made[path]], kind.scope, kind.infix, posterior,
                           posterior ? kind.posterior : kind.prior, made[path]});
    }
  }
}

DiscriminatorSet::Weights DiscriminatorSet::normalize() const {
  Weights weights;
  for (const auto& net : nets_) weights.push_back(net->normalize());
  return weights;
}

void DiscriminatorSet::advance(const Weights& weights) {
  for (size_t i = 0; i < nets_.size(); ++i) nets_[i]->advance(weights[i]);
}

// frames [T - 1, B, C, H, W] -> what a discriminator takes: a frame a video [B, C, H, W], the frames of a
// clip [clip * B, C, H, W], or clips [B, C, clip, H, W].
Tensor DiscriminatorSet::view(const Tensor& frames, const Network& network, const Draws& draws) const {
  const int64_t videos = frames.size(1);
  const auto video = torch::arange(videos, draws.start.options());
  const auto flat = frames.flatten(0, 1);
  if (network.scope == "image") return flat.index_select(0, draws.frame * videos + video);
  const auto steps = torch::arange(options_.clip_length, draws.start.options());
  auto clip =
      flat.index_select(0, ((draws.start + steps.unsqueeze(1)) * videos + video).flatten());  // time-major
  if (network.scope == "images") return clip;
  return clip.unflatten(0, {options_.clip_length, videos}).permute({1, 2, 0, 3, 4});
}

std::vector<Judgement> DiscriminatorSet::judge(const Tensor& targets, const GeneratorOutput& output,
                                               const Weights& weights, Phase phase, Noise& noise,
                                               bool all) const {
  const int64_t frames = targets.size(0), videos = targets.size(1);
  std::map<std::string, Draws> passes;
  const auto draws = [&](const std::string& pass) -> const Draws& {
    auto [it, fresh] = passes.try_emplace(pass);
    if (fresh) {
      it->second.frame = noise.integers(pass + "/t_sample", frames, {videos});
      it->second.start = noise.integers(pass + "/t_start", frames - options_.clip_length + 1, {videos});
    }
    return it->second;
  };
  std::vector<Judgement> judgements;
  for (const auto& network : networks_) {
    if (!network.in_loss && !all) continue;
    const std::string prefix = network.posterior ? "enc_" : "";
    const auto& generated = network.posterior ? output.posterior->images : output.prior.images;
    const auto real = view(targets, network, draws(prefix + "real"));
    const auto fake = view(generated, network, draws(prefix + "fake"));
    Judgement judgement{network.infix, network.posterior, {}, {}};
    if (phase == Phase::kDiscriminator) {
      const auto both = network.net->forward(torch::cat({real, fake.detach()}), weights[network.weights]);
      judgement.real = halves(both, true);
      judgement.fake = halves(both, false);
    } else {
      const auto constant = network.net->constants(weights[network.weights]);
      {
        torch::NoGradGuard no_grad;
        judgement.real = network.net->forward(real, constant);
      }
      judgement.fake = network.net->forward(fake, constant);
    }
    judgements.push_back(std::move(judgement));
  }
  return judgements;
}

}  // namespace savp
