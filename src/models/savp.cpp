#include "savp/models/savp.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <utility>
#include <vector>

#include "savp/core/error.h"
#include "savp/nn/encoder.h"
#include "savp_cell.h"

namespace savp {
namespace {

// Below this probability true frames are never fed, so that the model ends up being autoregressive for
// certain.
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

// Options of the published code whose networks are not built here yet.
void refuse_missing_options(const SavpHparams& hp) {
  const std::pair<bool, const char*> rows[] = {
      {!hp.use_tile_concat, "use_tile_concat=false"},
      {hp.learn_initial_state, "learn_initial_state=true"},
      {hp.use_e_rnn, "use_e_rnn=true"},
      {hp.learn_prior, "learn_prior=true"},
      {hp.ablation_rnn, "ablation_rnn=true"},
      {hp.ablation_conv_rnn_norm, "ablation_conv_rnn_norm=true"},
      {hp.conv_rnn_norm_layer == nn::NormLayer::kBatch, "conv_rnn_norm_layer=batch"}};
  for (const auto& [asked, text] : rows)
    SAVP_CHECK(!asked, UsageError, text, " is not available yet: leave it at its default");
}

Tensor repeat_batch(const Tensor& x, int64_t copies) {
  if (!x.defined() || copies == 1) return x;
  std::vector<int64_t> repeats(x.dim(), 1);
  repeats[0] = copies;
  return x.repeat(repeats);
}

// One kind of picture on its way through a roll-out: what is fed at each step, and what can be composed from.
class Track {
 public:
  Track(Tensor truth, int64_t context, int64_t last_frames) : truth_(std::move(truth)), context_(context) {
    scene_.first = truth_[0];
    scene_.last_context = truth_[context - 1];
    for (int64_t t = 0; t < context; ++t) scene_.context.push_back(truth_[t]);
    scene_.last.assign(last_frames, truth_[0]);
  }

  // From now on `copies` roll-outs of the same videos.
  void widen(int64_t copies) {
    copies_ = copies;
    for (auto* frame : {&scene_.first, &scene_.last_context, &generated_})
      *frame = repeat_batch(*frame, copies);
    for (auto* frames : {&scene_.context, &scene_.last})
      for (auto& frame : *frames) frame = repeat_batch(frame, copies);
  }

  // The scene of step t. Where `feed_truth` [B] holds, the true frame is fed after the context, too.
  Scene& advance(int64_t t, const Tensor& feed_truth) {
    scene_.current = t < context_ ? truth(t) : generated_;
    if (t >= context_ && feed_truth.defined())
      scene_.current = torch::where(feed_truth.view({-1, 1, 1, 1}), truth(t), generated_);
    scene_.latest_context = t < context_ ? scene_.current : scene_.last_context;
    scene_.last.erase(scene_.last.begin());
    scene_.last.push_back(scene_.current);
    return scene_;
  }
  void set_generated(const Tensor& frame) { generated_ = frame; }

 private:
  Tensor truth(int64_t t) const { return repeat_batch(truth_[t], copies_); }

  Tensor truth_, generated_;
  int64_t context_, copies_ = 1;
  Scene scene_;
};

// The outputs of all steps; those of steps that several roll-outs share are repeated for each.
class Record {
 public:
  void add(const Tensor& value, int64_t copies) {
    if (value.defined()) steps_.push_back(repeat_batch(value, copies));
  }
  Tensor stacked() const { return steps_.empty() ? Tensor() : torch::stack(steps_); }

 private:
  std::vector<Tensor> steps_;
};

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

struct SavpGenerator::Networks {
  std::shared_ptr<nn::Encoder> encoder;
  std::shared_ptr<nn::Dense> mu, log_sigma_sq;
  std::shared_ptr<SavpCell> cell;
  std::shared_ptr<nn::Rnn> rnn_z;
  std::shared_ptr<nn::Dense> state_pred;
};

// Latents of `copies` roll-outs over the same videos, of which the first `shared` steps are the same.
struct SavpGenerator::Latents {
  Tensor zs;          // [steps, copies * B, nz]; undefined for a deterministic model
  Tensor feed_truth;  // bool [steps - context, copies * B]; undefined: never
  int64_t copies = 1;
  int64_t shared = 0;
};

SavpGenerator::SavpGenerator(const SavpHparams& hp, const VideoShape& shape)
    : hparams_(hp),
      shape_(shape),
      ground_truth_sampling_(ground_truth_schedule(hp)),
      networks_(std::make_unique<Networks>()) {
  refuse_missing_options(hp);
  auto& n = *networks_;
  if (hp.nz > 0) {
    n.encoder = register_module(
        "encoder", std::make_shared<nn::Encoder>(nn::EncoderOptions{2 * shape.channels + shape.actions,
                                                                    hp.nef, hp.n_layers, hp.norm_layer}));
    const auto head = [&](const std::string& name) {
      return nn::placed(*this, "encoder." + name + ".dense",
                        std::make_shared<nn::Dense>(nn::DenseOptions{n.encoder->out(), hp.nz}));
    };
    n.mu = head("z_mu");
    n.log_sigma_sq = head("z_log_sigma_sq");
  }
  n.cell = nn::placed(*this, "rnn.savp_cell", std::make_shared<SavpCell>(hp, shape));
  if (hp.nz > 0 && hp.use_rnn_z) {
    const auto& variant = nn::rnn_variant(hp.rnn);
    n.rnn_z = nn::placed(*n.cell, variant.prefix + "_z." + variant.scope, variant.make(hp.nz, hp.nz));
  }
  if (shape.states > 0) {
    const nn::DenseOptions options{shape.actions + shape.states, shape.states};
    n.state_pred = nn::placed(*n.cell, "state_pred.dense", std::make_shared<nn::Dense>(options));
  }
}

SavpGenerator::~SavpGenerator() = default;

// Sees each frame with its successor (and the action between them): images [n + 1, B, ...] -> n steps.
Gaussian SavpGenerator::posterior(const Tensor& images, const Tensor& actions) const {
  const int64_t steps = images.size(0) - 1, batch = images.size(1);
  auto pairs = torch::cat({images.narrow(0, 0, steps), images.narrow(0, 1, steps)}, 2).flatten(0, 1);
  if (actions.defined()) pairs = nn::tile_concat(pairs, actions.narrow(0, 0, steps).flatten(0, 1));
  const auto h = networks_->encoder->forward(pairs);
  return {networks_->mu->forward(h).view({steps, batch, -1}),
          networks_->log_sigma_sq->forward(h).clamp(-10, 10).view({steps, batch, -1})};
}

Prediction SavpGenerator::roll_out(const Batch& batch, int64_t steps, const Latents& latents,
                                   bool details) const {
  const auto& n = *networks_;
  const int64_t context = hparams_.context_frames, videos = batch.batch_size();
  const auto folded = n.cell->fold(steps);
  const auto zs = latents.zs.defined() && n.rnn_z ? n.rnn_z->forward(latents.zs) : latents.zs;
  Track images(batch.images, context, hparams_.last_frames);
  std::optional<Track> pix_distribs;
  if (batch.pix_distribs.defined()) pix_distribs.emplace(batch.pix_distribs, context, hparams_.last_frames);

  SavpCell::States states;
  Tensor state;
  int64_t copies = 1;
  Record frames, pixels, flows, robot_states, masks, candidates, pixel_candidates;
  for (int64_t t = 0; t < steps; ++t) {
    if (t == latents.shared && latents.copies > 1) {
      copies = latents.copies;
      images.widen(copies);
      if (pix_distribs) pix_distribs->widen(copies);
      state = repeat_batch(state, copies);
      for (auto& s : states) s = {repeat_batch(s.h, copies), repeat_batch(s.c, copies)};
    }
    const auto feed_truth =
        latents.feed_truth.defined() && t >= context ? latents.feed_truth[t - context] : Tensor();
    std::vector<Tensor> condition, dynamics;
    if (shape_.actions > 0) {
      condition.push_back(repeat_batch(batch.actions[t], copies));
      dynamics = condition;
    }
    if (n.state_pred) {
      auto now = state;
      if (t < context)
        now = repeat_batch(batch.states[t], copies);
      else if (feed_truth.defined())
        now = torch::where(feed_truth.unsqueeze(1), repeat_batch(batch.states[t], copies), state);
      condition.push_back(now.detach());  // the frames do not train the dynamics
      dynamics.push_back(now);
      state = n.state_pred->forward(torch::cat(dynamics, 1));
    }
    if (zs.defined()) condition.push_back(zs[t].narrow(0, 0, copies * videos));
    auto* pixel_scene = pix_distribs ? &pix_distribs->advance(t, feed_truth) : nullptr;
    auto out = n.cell->forward(images.advance(t, feed_truth), pixel_scene,
                               condition.empty() ? Tensor() : torch::cat(condition, 1), states, folded);
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
  output.q = posterior(batch.images.narrow(0, 0, steps + 1), batch.actions);
  const auto eps = now.noise.normal("posterior_eps", {steps, videos, hparams_.nz});
  const auto zs = output.q->mu + output.q->log_sigma_sq.exp().sqrt() * eps;
  const auto zs_context = zs.narrow(0, 0, context - 1);

  // Roll-outs with the same beginning, run as one batch: the posterior's, then the prior's, then further
  // samples.
  std::vector<Tensor> all_zs = {zs}, feed_truth = {sample_ground_truth(now, "sched_posterior_u", videos)};
  if (now.prior) {
    all_zs.push_back(
        torch::cat({zs_context, now.noise.normal("prior_z", {steps + 1 - context, videos, hparams_.nz})}));
    feed_truth.push_back(sample_ground_truth(now, "sched_prior_u", videos));
  }
  if (now.samples > 0) {
    const auto z =
        now.noise.normal("samples_prior_z", {steps + 1 - context, now.samples, videos, hparams_.nz});
    all_zs.push_back(torch::cat({zs_context.repeat({1, now.samples, 1}), z.flatten(1, 2)}));
    feed_truth.push_back(sample_ground_truth(now, "sched_samples_u", now.samples * videos));
  }
  Latents latents{.zs = torch::cat(all_zs, 1), .shared = context - 1};
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

Prediction SavpGenerator::predict(const Batch& batch, int64_t length, int64_t samples, Noise& noise) {
  torch::NoGradGuard no_grad;
  const int64_t steps = length - 1, context = hparams_.context_frames, videos = batch.batch_size();
  TORCH_CHECK(batch.images.size(0) >= context, batch.images.size(0), " frames given, ", context,
              " context frames needed");
  TORCH_CHECK(length > context, "a length of ", length, " frames leaves nothing to predict after ", context);
  TORCH_CHECK(shape_.actions == 0 || batch.actions.size(0) >= steps, "an action for each of the ", steps,
              " steps is needed");
  Latents latents{.copies = samples};
  if (hparams_.nz > 0) {
    latents.zs = noise.normal("prior_z", {steps + 1 - context, samples * videos, hparams_.nz});
    if (context > 1) {
      const auto q = posterior(batch.images.narrow(0, 0, context), batch.actions);
      const auto eps = noise.normal("posterior_eps", {context - 1, samples * videos, hparams_.nz});
      const auto many = [&](const Tensor& x) { return x.repeat({1, samples, 1}); };
      latents.zs = torch::cat({many(q.mu) + many(q.log_sigma_sq.exp().sqrt()) * eps, latents.zs});
    }
  }
  return roll_out(batch, steps, latents, /*details=*/false);
}

}  // namespace savp
