#include "models/savp.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <utility>
#include <vector>

#include "core/error.h"
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
  const auto part = [&](const Tensor& x) { return x.defined() ? x.narrow(1, first, count) : x; };
  return {part(all.images),
          part(all.states),
          part(all.pix_distribs),
          part(all.flows),
          part(all.masks),
          part(all.transformed_images),
          part(all.transformed_pix_distribs),
          {}};
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
                                   bool details) const {
  const auto& n = *networks_;
  const int64_t context = hparams_.context_frames, videos = batch.batch_size();
  const auto folded = n.cell->fold(steps);
  const auto zs = remembered_latents(latents.zs);
  Track images(batch.images.unbind(0), context, kept(hparams_));
  std::optional<Track> pix_distribs;
  if (batch.pix_distribs.defined())
    pix_distribs.emplace(batch.pix_distribs.unbind(0), context, kept(hparams_));

  auto states = n.initial_states->pictures(videos, batch.images);
  Tensor state;
  int64_t copies = 1;
  Record frames, pixels, flows, robot_states, masks, candidates, pixel_candidates;
  for (int64_t t = 0; t < steps; ++t) {
    if (t == latents.shared && latents.copies > 1) {
      copies = latents.copies;
      images.widen(copies);
      if (pix_distribs) pix_distribs->widen(copies);
      state = repeat_batch(state, copies);
      states = repeat_states(states, copies);
    }
    const auto feed_truth =
        latents.feed_truth.defined() && t >= context ? latents.feed_truth[t - context] : Tensor();
    StepInputs inputs;
    if (shape_.actions > 0) inputs.action = repeat_batch(batch.actions[t], copies);
    if (n.state_pred) {
      inputs.state = state;
      if (t < context)
        inputs.state = repeat_batch(batch.states[t], copies);
      else if (feed_truth.defined())
        inputs.state = torch::where(feed_truth.unsqueeze(1), repeat_batch(batch.states[t], copies), state);
    }
    if (zs.defined()) inputs.z = zs[t].narrow(0, 0, copies * videos);
    const auto condition = look_at(inputs);
    state = condition.next_state;
    auto* pixel_scene = pix_distribs ? &pix_distribs->advance(t, feed_truth) : nullptr;
    auto out = n.cell->forward(images.advance(t, feed_truth), pixel_scene, condition.vector, states, folded);
    states = std::move(out.states);
    images.set_generated(out.image.frame);
    if (pix_distribs) pix_distribs->set_generated(out.pix_distrib.frame);

    const int64_t missing = latents.copies / copies;
    frames.add(out.image.frame, missing);
    pixels.add(out.pix_distrib.frame, missing);
    flows.add(out.flows, missing);
    robot_states.add(state, missing);
    if (!details) continue;
    masks.add(out.masks, missing);
    candidates.add(out.image.candidates, missing);
    pixel_candidates.add(out.pix_distrib.candidates, missing);
  }
  return {frames.stacked(), robot_states.stacked(), pixels.stacked(),           flows.stacked(),
          masks.stacked(),  candidates.stacked(),   pixel_candidates.stacked(), {}};
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
  GeneratorOutput output;
  if (hparams_.nz == 0) {
    const Latents latents{.feed_truth = sample_ground_truth(now, "sched_u", videos)};
    output.prior = roll_out(batch, steps, latents, now.details);
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
  const auto all = roll_out(batch, steps, latents, now.details);

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
