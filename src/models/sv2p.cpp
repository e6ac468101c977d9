#include "models/sv2p.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "nn/slim_layers.h"

namespace savp {
namespace {

// What the published code takes in the place of actions and states that are not there.
constexpr int64_t kActions = 4, kStates = 3;

AdvectionWiring wiring(const Sv2pHparams& hp, const VideoShape& shape) {
  AdvectionWiring w{.half = {32, 32}, .quarter = {64, 64}, .eighth = 128, .up_quarter = 64, .up_half = 32};
  w.relu_last = false;
  // With a frame made from nothing there is no mask left for the last motion.
  const int64_t used = hp.transformation == nn::Advection::kDna ? 1 : hp.num_masks - 1;
  w.transform = {.estimated = hp.num_masks, .used = used};
  w.actions = shape.actions > 0 ? shape.actions : kActions;
  w.states = shape.states > 0 ? shape.states : kStates;
  w.conditioned = shape.actions > 0;
  w.latent_channels = hp.stochastic_model ? hp.latent_channels : 0;
  return w;
}

Tensor channels_first(const Tensor& latents) { return latents.movedim(-1, -3); }

}  // namespace

// Sees all frames of a training sequence at once.
struct Sv2pGenerator::Posterior {
  std::vector<std::shared_ptr<nn::SlimConv>> convs;
  std::shared_ptr<nn::SlimConv> mean, log_variance;

  Gaussian operator()(const Tensor& frames, double least) const {
    auto h = frames.transpose(0, 1).flatten(1, 2);  // [B, T * C, H, W]
    for (const auto& conv : convs) h = conv->forward(h);
    const auto channels_last = [](const Tensor& x) { return x.permute({0, 2, 3, 1}); };
    return {channels_last(mean->forward(h)), channels_last(log_variance->forward(h) + least)};
  }
};

Sv2pGenerator::Sv2pGenerator(const Sv2pHparams& hp, const VideoShape& shape)
    : AdvectionGenerator(hp, shape, wiring(hp, shape)), hparams_(hp) {
  if (!hp.stochastic_model) return;
  const auto conv = [&](const std::string& scope, const nn::SlimConvOptions& options) {
    return nn::placed(*this, scope, std::make_shared<nn::SlimConv>(options));
  };
  posterior_ = std::make_unique<Posterior>();
  posterior_->convs = {
      conv("latent_conv1",
           {.in = hp.sequence_length * shape.channels, .out = 32, .stride = 2, .norm = "latent_norm1"}),
      conv("latent_conv2", {.in = 32, .out = 64, .stride = 2, .norm = "latent_norm2"}),
      conv("latent_conv3", {.in = 64, .out = 64, .stride = 1, .norm = "latent_norm3"})};
  const int64_t out = hp.latent_channels;
  posterior_->mean =
      conv("latent_mean", {.in = 64, .out = out, .stride = 2, .norm = "latent_norm_mean", .relu = false});
  posterior_->log_variance =
      conv("latent_std", {.in = 64, .out = out, .stride = 2, .norm = "latent_std_norm"});
}

Sv2pGenerator::~Sv2pGenerator() = default;

std::set<OutputKind> Sv2pGenerator::provides() const {
  auto kinds = AdvectionGenerator::provides();
  if (hparams_.stochastic_model) kinds.insert(OutputKind::kLatents);
  return kinds;
}

// The posterior's size depends on the length of the training sequences.
std::vector<std::string> Sv2pGenerator::training_only() const {
  std::vector<std::string> names;
  for (const auto& parameter : named_parameters())
    if (parameter.key().starts_with("latent_")) names.push_back(parameter.key());
  return names;
}

// Standard normal, [steps or 1, B, h, w, Z].
Tensor Sv2pGenerator::draw(const std::string& name, int64_t steps, int64_t batch, Noise& noise) const {
  std::vector<int64_t> size = {batch, shape().height / 8, shape().width / 8, hparams_.latent_channels};
  if (!hparams_.multi_latent) return noise.normal(name, size).unsqueeze(0);
  size.insert(size.begin(), steps);
  return noise.normal(name, size);
}

GeneratorOutput Sv2pGenerator::forward(const Batch& batch, const StepContext& now) {
  if (!hparams_.stochastic_model) return AdvectionGenerator::forward(batch, now);
  const int64_t steps = training_steps(), videos = batch.batch_size();
  const auto run = [&](const Tensor& latents, const std::string& shuffle) {
    return roll_out(batch, steps,
                    {.latents = channels_first(latents),
                     .feed_truth = sample_ground_truth(now, shuffle, videos),
                     .details = now.details,
                     .recompute = now.recompute});
  };
  GeneratorOutput output;
  if (now.prior) output.prior = run(draw("latent_prior", steps, videos, now.noise), "shuffle");
  if (!is_training()) return output;
  const auto q = (*posterior_)(batch.images.narrow(0, 0, steps + 1), hparams_.latent_std_min);
  const auto eps = draw("latent_posterior", steps, videos, now.noise);
  const auto first_stage = now.global_step < static_cast<double>(hparams_.num_iterations_1st_stage);
  output.posterior =
      run(torch::where(first_stage, eps, q.mu + (q.log_sigma_sq / 2).exp() * eps), "shuffle_enc");
  output.q = q;
  return output;
}

Tensor Sv2pGenerator::prior_latents(int64_t steps, int64_t rollouts, Noise& noise) const {
  if (!hparams_.stochastic_model) return {};
  return channels_first(
      noise.normal("latent_prior", {hparams_.multi_latent ? steps : 1, rollouts, shape().height / 8,
                                    shape().width / 8, hparams_.latent_channels}));
}

}  // namespace savp
