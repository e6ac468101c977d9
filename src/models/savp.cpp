#include "models/savp.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <utility>
#include <vector>

#include "core/error.h"
#include "core/precision.h"
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

// The recurrent states of the first step: zeros, or learned.
class InitialStates {
 public:
  InitialStates(torch::nn::Module& generator, const SavpCell& cell, const nn::Rnn* rnn_z, bool learned)
      : memories_(cell.memories()) {
    for (const auto& memory : memories_)
      for (const auto& part : memory.parts)
        add(generator, {part.channels, memory.height, memory.width}, learned);
    if (rnn_z == nullptr) return;
    latent_parts_ = rnn_z->state_parts();
    for (size_t i = 0; i < latent_parts_.size(); ++i) add(generator, {rnn_z->units()}, learned);
  }

  SavpCell::States pictures(int64_t batch, const Tensor& like) const {
    SavpCell::States states;
    size_t next = 0;
    for (const auto& memory : memories_) {
      states.emplace_back();
      for (const auto& part : memory.parts) states.back().*part.tensor = state(next++, batch, like);
    }
    return states;
  }
  nn::RnnState latents(int64_t batch, const Tensor& like) const {
    nn::RnnState last;
    size_t next = values_.size() - latent_parts_.size();
    for (const auto part : latent_parts_) last.*part = state(next++, batch, like);
    return last;
  }

 private:
  struct Variable : torch::nn::Module {
    explicit Variable(at::IntArrayRef shape)
        : value(register_parameter("initial_state", torch::zeros(shape))) {}
    Tensor value;
  };
  struct Value {
    std::vector<int64_t> shape;
    std::shared_ptr<Variable> learned;  // may be missing
  };

  void add(torch::nn::Module& generator, std::vector<int64_t> shape, bool learned) {
    std::shared_ptr<Variable> variable;
    if (learned)
      variable = generator.register_module(concat("initial_state_", values_.size()),
                                           std::make_shared<Variable>(shape));
    values_.push_back({std::move(shape), variable});
  }
  Tensor state(size_t index, int64_t batch, const Tensor& like) const {
    const auto& [shape, learned] = values_[index];
    auto size = shape;
    size.insert(size.begin(), batch);
    return learned ? learned->value.unsqueeze(0).expand(size) : torch::zeros(size, like.options());
  }

  std::vector<SavpCell::Memory> memories_;
  std::vector<Tensor nn::RnnState::*> latent_parts_;
  std::vector<Value> values_;
};

Tensor draw(const Gaussian& gaussian, const Tensor& eps) {
  return gaussian.mu + gaussian.log_sigma_sq.exp().sqrt() * eps;
}

}  // namespace

struct SavpGenerator::Networks {
  std::shared_ptr<nn::LatentEncoder> posterior, prior;  // the latter if it is learned
  std::shared_ptr<SavpCell> cell;
  std::shared_ptr<nn::Rnn> rnn_z;
  std::shared_ptr<nn::Dense> state_pred;
  std::optional<InitialStates> initial_states;
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

// Sees each of the first `frames` frames with its successor (and the action between them).
Gaussian SavpGenerator::encode(nn::LatentEncoder& encoder, const Batch& batch, int64_t frames,
                               int64_t steps) const {
  const int64_t pairs = frames - 1;
  auto seen = torch::cat({batch.images.narrow(0, 0, pairs), batch.images.narrow(0, 1, pairs)}, 2);
  if (shape_.actions > 0) {
    const auto actions = batch.actions.narrow(0, 0, pairs).flatten(0, 1);
    seen = nn::tile_concat(seen.flatten(0, 1), actions).unflatten(0, {pairs, batch.batch_size()});
  }
  return encoder.estimate(seen, steps);
}

// Latents for roll-outs of the prior, [steps, copies * B, nz]; beginning: what a prior that is not learned
// takes from the posterior, [context - 1, copies * B, nz].
Tensor SavpGenerator::prior_latents(const std::optional<Gaussian>& p, const Tensor& beginning,
                                    const std::string& name, std::vector<int64_t> copies, int64_t steps,
                                    Noise& noise) const {
  copies.push_back(hparams_.nz);
  const auto normal = [&](const std::string& suffix, int64_t count) {
    copies.insert(copies.begin(), count);
    return noise.normal(name + suffix, copies);
  };
  if (!p) {
    const auto rest = normal("_z", steps - beginning.size(0));
    return torch::cat({beginning, rest.flatten(1, -2)});
  }
  const auto eps = normal("_eps", steps).flatten(1, -2);
  const int64_t times = eps.size(1) / p->mu.size(1);
  return draw({p->mu.repeat({1, times, 1}), p->log_sigma_sq.repeat({1, times, 1})}, eps);
}

Prediction SavpGenerator::roll_out(const Batch& batch, int64_t steps, const Latents& latents,
                                   bool details) const {
  const auto& n = *networks_;
  const int64_t context = hparams_.context_frames, videos = batch.batch_size();
  const auto folded = n.cell->fold(steps);
  auto zs = latents.zs;
  if (zs.defined() && n.rnn_z) zs = n.rnn_z->unroll(zs, n.initial_states->latents(zs.size(1), zs)).outputs;
  Track images(batch.images, context, hparams_.last_frames);
  std::optional<Track> pix_distribs;
  if (batch.pix_distribs.defined()) pix_distribs.emplace(batch.pix_distribs, context, hparams_.last_frames);

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
      const FloatForward exact;
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
  output.q = encode(*networks_->posterior, batch, steps + 1, steps);
  if (networks_->prior) output.p = encode(*networks_->prior, batch, context, steps);
  const auto zs = draw(*output.q, now.noise.normal("posterior_eps", {steps, videos, hparams_.nz}));
  const auto zs_context = zs.narrow(0, 0, context - 1);

  // Roll-outs with the same beginning, run as one batch: the posterior's, then the prior's, then further
  // samples.
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
    const int64_t rollouts = samples * videos;
    std::optional<Gaussian> p;
    auto beginning = torch::empty({0, rollouts, hparams_.nz}, batch.images.options());
    if (networks_->prior) {
      p = encode(*networks_->prior, batch, context, steps);
    } else if (context > 1) {
      const auto q = encode(*networks_->posterior, batch, context, context - 1);
      const auto many = [&](const Tensor& x) { return x.repeat({1, samples, 1}); };
      beginning = draw({many(q.mu), many(q.log_sigma_sq)},
                       noise.normal("posterior_eps", {context - 1, rollouts, hparams_.nz}));
    }
    latents.zs = prior_latents(p, beginning, "prior", {rollouts}, steps, noise);
  }
  return roll_out(batch, steps, latents, /*details=*/false);
}

}  // namespace savp
