#include "models/savp.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <utility>
#include <vector>

#include "core/error.h"
#include "models/recomputed_step.h"
#include "models/savp_networks.h"

namespace savp {
namespace {

// Below this probability true frames are never fed, so that the model ends up being autoregressive
// for certain.
constexpr double kLeastGroundTruthSampling = 0.001;

Schedule ground_truth_schedule(const SavpHparams& hp) {
  const auto [begin, end] = hp.schedule_sampling_steps;
  switch (hp.schedule_sampling) {
    case ScheduleSampling::kNone:
      return schedule::constant(0.0);
    case ScheduleSampling::kInverseSigmoid:
      return schedule::inverse_sigmoid(hp.schedule_sampling_k, begin);
    case ScheduleSampling::kLinear:
      return schedule::linear(1.0, 0.0, begin, end);
  }
  throw std::logic_error("a schedule without a function");
}

Prediction select_rollouts(const Prediction& all, int64_t first, int64_t count) {
  return all.map([&](const Tensor& x) { return x.narrow(1, first, count); });
}

// The state that a step sees, [copies * B, S]: the true one where the true frame is fed, else the predicted.
Tensor fed_state(const Tensor& states, const RolloutStep& now, int64_t context, const Tensor& predicted) {
  const auto truth = [&] { return repeat_batch(states[now.step], now.copies); };
  if (now.step < context) return truth();
  if (!now.feed_truth.defined()) return predicted;
  return torch::where(now.feed_truth.unsqueeze(1), truth(), predicted);
}

Tensor sampling_mean(const Tensor& mask, const Tensor& like) {
  return mask.defined() && mask.numel() > 0 ? mask.to(torch::kFloat).mean()
                                            : torch::zeros({}, like.options());
}

}  // namespace

SavpGenerator::SavpGenerator(const SavpHparams& hp, const VideoShape& shape)
    : hparams_(hp),
      shape_(shape),
      ground_truth_sampling_(ground_truth_schedule(hp)),
      networks_(std::make_unique<Networks>()) {
  auto& n = *networks_;
  const nn::EncoderOptions encoder{2 * shape.channels + shape.actions, hp.nef, hp.n_layers, hp.norm_layer};
  const auto latents = [&](const std::string& scope, bool recurrent) {
    return register_module(scope, std::make_shared<nn::LatentEncoder>(
                                      nn::LatentEncoderOptions{encoder, hp.nz, recurrent, hp.rnn}));
  };
  if (hp.nz > 0) n.posterior = latents("encoder", hp.use_e_rnn);
  if (hp.nz > 0 && hp.learn_prior) n.prior = latents("prior", /*recurrent=*/true);
  n.cell = nn::placed(*this, "rnn.savp_cell", std::make_shared<SavpCell>(hp, shape));
  if (hp.nz > 0 && hp.use_rnn_z) {
    const auto& variant = nn::rnn_variant(hp.rnn);
    n.rnn_z = hp.ablation_rnn
                  ? nn::placed(*n.cell, "fc_z", nn::make_memoryless_rnn(hp.nz, hp.nz))
                  : nn::placed(*n.cell, variant.prefix + "_z." + variant.scope, variant.make(hp.nz, hp.nz));
  }
  n.initial_states.emplace(*this, *n.cell, n.rnn_z.get(), hp.learn_initial_state);
  if (shape.states > 0) {
    const nn::DenseOptions options{shape.actions + shape.states, shape.states};
    n.state_pred = nn::placed(*n.cell, "state_pred.dense", std::make_shared<nn::Dense>(options));
  }
}

SavpGenerator::~SavpGenerator() = default;

std::set<OutputKind> SavpGenerator::provides() const {
  const std::pair<bool, OutputKind> rows[] = {
      {true, OutputKind::kVerdicts},
      {hparams_.nz > 0, OutputKind::kLatents},
      {hparams_.nz > 0, OutputKind::kPosterior},
      {shape_.states > 0, OutputKind::kStates},
      {hparams_.transformation == nn::Transformation::kFlow && hparams_.num_transformed_images > 0,
       OutputKind::kFlows}};
  std::set<OutputKind> kinds;
  for (const auto& [given, kind] : rows)
    if (given) kinds.insert(kind);
  return kinds;
}

Prediction SavpGenerator::roll_out(const Batch& batch, int64_t steps, const Latents& latents,
                                   const Wanted& wanted) const {
  const int64_t context = hparams_.context_frames, videos = batch.batch_size();
  const auto zs = remembered_latents(latents.zs);
  Carried carried{.folded = networks_->cell->fold(steps),
                  .states = networks_->initial_states->pictures(videos, batch.images),
                  .state = {}};
  if (wanted.recompute)
    for (const auto* conv : carried.convs()) conv->prepare();
  const auto weights = networks_->cell->parameters();
  const auto step = [this](const RolloutStep& now, const StepInputs& inputs, Carried& last) {
    return next_frame(now, inputs, last);
  };
  const auto make = [&](const RolloutStep& now) {
    if (now.widened) carried.widen(now.copies);
    StepInputs inputs;
    if (shape_.actions > 0) inputs.action = repeat_batch(batch.actions[now.step], now.copies);
    if (shape_.states > 0) inputs.state = fed_state(batch.states, now, context, carried.state);
    if (zs.defined()) inputs.z = zs[now.step].narrow(0, 0, now.copies * videos);
    return wanted.recompute ? recomputed_step(now, inputs, carried, weights, step)
                            : step(now, inputs, carried);
  };
  return unroll(Reel(batch.images.unbind(0), unbound(batch.pix_distribs), context, kept(hparams_)),
                {.steps = steps,
                 .context = context,
                 .feed_truth = latents.feed_truth,
                 .copies = latents.copies,
                 .shared = latents.shared,
                 .details = wanted.details},
                make);
}

Tensor SavpGenerator::sample_ground_truth(const StepContext& now, const std::string& draw,
                                          int64_t batch) const {
  const int64_t steps = hparams_.sequence_length - 1 - hparams_.context_frames;
  if (!now.ground_truth_sampling.defined() || steps <= 0) return {};
  const auto& probability = now.ground_truth_sampling;
  const auto u = now.noise.uniform(draw, {batch, steps});
  return torch::logical_and(u < probability, probability >= kLeastGroundTruthSampling).t();
}

GeneratorOutput SavpGenerator::forward(const Batch& batch, const StepContext& now) {
  const int64_t steps = hparams_.sequence_length - 1, context = hparams_.context_frames,
                videos = batch.batch_size();
  TORCH_CHECK(batch.images.size(0) >= hparams_.sequence_length, "a batch of ", batch.images.size(0),
              " frames for sequence_length ", hparams_.sequence_length);
  const Wanted wanted{now.details, now.recompute};
  GeneratorOutput output;
  if (hparams_.nz == 0) {
    const Latents latents{.feed_truth = sample_ground_truth(now, "sched_u", videos)};
    output.prior = roll_out(batch, steps, latents, wanted);
    output.prior.ground_truth_sampling_mean = sampling_mean(latents.feed_truth, output.prior.images);
    return output;
  }
  output.q = networks_->posterior->conclude(looks(*networks_->posterior, batch, steps + 1), steps);
  if (networks_->prior)
    output.p = networks_->prior->conclude(looks(*networks_->prior, batch, context), steps);
  const auto zs = draw_from(*output.q, now.noise.normal("posterior_eps", {steps, videos, hparams_.nz}));
  const auto zs_context = zs.narrow(0, 0, context - 1);

  // Rollouts with the same beginning, run as one batch: the posterior's, then the prior's, then
  // further samples.
  std::vector<Tensor> all_zs = {zs}, feed_truth = {sample_ground_truth(now, "sched_posterior_u", videos)};
  if (now.prior) {
    all_zs.push_back(prior_latents(output.p, zs_context, "prior", {videos}, steps, now.noise));
    feed_truth.push_back(sample_ground_truth(now, "sched_prior_u", videos));
  }
  if (now.samples > 0) {
    all_zs.push_back(prior_latents(output.p, zs_context.repeat({1, now.samples, 1}), "samples_prior",
                                   {now.samples, videos}, steps, now.noise));
    feed_truth.push_back(sample_ground_truth(now, "sched_samples_u", now.samples * videos));
  }
  Latents latents{.zs = torch::cat(all_zs, 1), .shared = output.p ? 0 : context - 1};
  latents.copies = latents.zs.size(1) / videos;
  if (feed_truth.front().defined()) latents.feed_truth = torch::cat(feed_truth, 1);
  const auto all = roll_out(batch, steps, latents, wanted);

  output.posterior = select_rollouts(all, 0, videos);
  output.posterior->ground_truth_sampling_mean = sampling_mean(feed_truth[0], all.images);
  if (now.prior) {
    output.prior = select_rollouts(all, videos, videos);
    output.prior.ground_truth_sampling_mean = sampling_mean(feed_truth[1], all.images);
  }
  if (now.samples > 0)
    output.samples = all.images.narrow(1, (latents.copies - now.samples) * videos, now.samples * videos)
                         .unflatten(1, {now.samples, videos});
  return output;
}

}  // namespace savp
