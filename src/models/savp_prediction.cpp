#include <torch/types.h>
#include <torch/utils.h>

#include <utility>

#include "core/error.h"
#include "core/precision.h"
#include "models/savp_networks.h"

namespace savp {

struct InitialStates::Variable : torch::nn::Module {
  explicit Variable(at::IntArrayRef shape)
      : value(register_parameter("initial_state", torch::zeros(shape))) {}
  Tensor value;
};

InitialStates::InitialStates(torch::nn::Module& generator, const SavpCell& cell, const nn::Rnn* rnn_z,
                             bool learned)
    : memories_(cell.memories()) {
  for (const auto& memory : memories_)
    for (const auto& part : memory.parts)
      add(generator, {part.channels, memory.height, memory.width}, learned);
  if (rnn_z == nullptr) return;
  latent_parts_ = rnn_z->state_parts();
  for (size_t i = 0; i < latent_parts_.size(); ++i) add(generator, {rnn_z->units()}, learned);
}

SavpCell::States InitialStates::pictures(int64_t batch, const Tensor& like) const {
  SavpCell::States states;
  size_t next = 0;
  for (const auto& memory : memories_) {
    states.emplace_back();
    for (const auto& part : memory.parts) states.back().*part.tensor = state(next++, batch, like);
  }
  return states;
}

nn::RnnState InitialStates::latents(int64_t batch, const Tensor& like) const {
  nn::RnnState last;
  size_t next = values_.size() - latent_parts_.size();
  for (const auto part : latent_parts_) last.*part = state(next++, batch, like);
  return last;
}

void InitialStates::add(torch::nn::Module& generator, std::vector<int64_t> shape, bool learned) {
  std::shared_ptr<Variable> variable;
  if (learned)
    variable = generator.register_module(concat("initial_state_", values_.size()),
                                         std::make_shared<Variable>(shape));
  values_.push_back({std::move(shape), variable});
}

Tensor InitialStates::state(size_t index, int64_t batch, const Tensor& like) const {
  const auto& [shape, learned] = values_[index];
  auto size = shape;
  size.insert(size.begin(), batch);
  return learned ? learned->value.unsqueeze(0).expand(size) : torch::zeros(size, like.options());
}

void SavpGenerator::Carried::widen(int64_t copies) {
  for (auto& memory : states) memory = {repeat_batch(memory.h, copies), repeat_batch(memory.c, copies)};
  state = repeat_batch(state, copies);
}

std::vector<Tensor*> SavpGenerator::Carried::tensors() {
  std::vector<Tensor*> all = {&state};
  for (auto& memory : states) all.insert(all.end(), {&memory.h, &memory.c});
  return all;
}

std::vector<kernels::PreparedConv*> SavpGenerator::Carried::convs() {
  std::vector<kernels::PreparedConv*> all;
  for (auto& conv : folded.convs) all.push_back(&conv);
  for (auto& rnn : folded.rnns)
    for (auto& conv : rnn) all.push_back(&conv);
  return all;
}

Tensor draw_from(const Gaussian& gaussian, const Tensor& eps) {
  return gaussian.mu + gaussian.log_sigma_sq.exp().sqrt() * eps;
}

// What the encoder makes of each of the first `frames` frames with its successor (and the action between
// them), [frames - 1, B, features].
Tensor SavpGenerator::looks(nn::LatentEncoder& encoder, const Batch& batch, int64_t frames) const {
  const int64_t pairs = frames - 1;
  auto seen = torch::cat({batch.images.narrow(0, 0, pairs), batch.images.narrow(0, 1, pairs)}, 2);
  if (shape_.actions > 0) {
    const auto actions = batch.actions.narrow(0, 0, pairs).flatten(0, 1);
    seen = nn::tile_concat(seen.flatten(0, 1), actions).unflatten(0, {pairs, batch.batch_size()});
  }
  return encoder.look(seen);
}

// Latents for rollouts of the prior, [steps, copies * B, nz]; beginning: what a prior that is not learned
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
  return draw_from({p->mu.repeat({1, times, 1}), p->log_sigma_sq.repeat({1, times, 1})}, eps);
}

// The encoder that looks at what is shown before a prediction; null for a deterministic model.
nn::LatentEncoder* SavpGenerator::context_encoder() const {
  return networks_->prior ? networks_->prior.get() : networks_->posterior.get();
}

// Latents for predictions, [steps, samples * B, nz], by the looks at what was shown; undefined for a
// deterministic model.
Tensor SavpGenerator::latents_after(const Tensor& looks, int64_t steps, int64_t samples, Noise& noise) const {
  if (hparams_.nz == 0) return {};
  const int64_t pairs = looks.size(0), rollouts = samples * looks.size(1);
  std::optional<Gaussian> p;
  auto beginning = torch::empty({0, rollouts, hparams_.nz}, looks.options());
  if (networks_->prior) {
    p = networks_->prior->conclude(looks, steps);
  } else if (pairs > 0) {
    const auto q = networks_->posterior->conclude(looks, pairs);
    const auto many = [&](const Tensor& x) { return x.repeat({1, samples, 1}); };
    beginning = draw_from({many(q.mu), many(q.log_sigma_sq)},
                          noise.normal("posterior_eps", {pairs, rollouts, hparams_.nz}));
  }
  return prior_latents(p, beginning, "prior", {rollouts}, steps, noise);
}

// The latents [steps, B, nz] as the cell sees them, behind their own recurrent layer.
Tensor SavpGenerator::remembered_latents(const Tensor& zs) const {
  const auto& n = *networks_;
  if (!zs.defined() || !n.rnn_z) return zs;
  return n.rnn_z->unroll(zs, n.initial_states->latents(zs.size(1), zs)).outputs;
}

SavpGenerator::Condition SavpGenerator::look_at(const StepInputs& inputs) const {
  std::vector<Tensor> seen, dynamics;
  Condition condition;
  if (shape_.actions > 0) {
    seen.push_back(inputs.action);
    dynamics.push_back(inputs.action);
  }
  if (networks_->state_pred) {
    seen.push_back(inputs.state.detach());  // the frames do not train the dynamics
    dynamics.push_back(inputs.state);
    const FloatForward exact;
    condition.next_state = networks_->state_pred->forward(torch::cat(dynamics, 1));
  }
  if (inputs.z.defined()) seen.push_back(inputs.z);
  if (!seen.empty()) condition.vector = torch::cat(seen, 1);
  return condition;
}

// A step of a rollout, which moves on what is carried.
NextFrame SavpGenerator::next_frame(const RolloutStep& now, const StepInputs& inputs,
                                    Carried& carried) const {
  const auto condition = look_at(inputs);
  auto out =
      networks_->cell->forward(now.images, now.pixels, condition.vector, carried.states, carried.folded);
  carried.states = std::move(out.states);
  carried.state = condition.next_state;
  return {.image = out.image,
          .pixels = out.pix_distrib,
          .masks = out.masks,
          .flows = out.flows,
          .state = condition.next_state};
}

// Frames that were shown leave two traces: the encoder's look at each pair of them, which is the same for all
// samples, and the recurrent states, which depend on the latents that a sample draws for them. The first are
// kept; the second are kept for the draws of the last call.
class SavpGenerator::Scenes : public Continuation {
 public:
  Scenes(const SavpGenerator& model, const Batch& batch, int64_t shown)
      : model_(model),
        folded_(model.networks_->cell->fold(model.hparams_.sequence_length - 1)),
        shown_(batch, shown, model.shape_) {
    const torch::NoGradGuard no_grad;
    if (auto* encoder = model.context_encoder()) looks_ = model.looks(*encoder, batch, shown);
  }

  void observe(const Batch& next) override {
    const torch::NoGradGuard no_grad;
    const auto before = shown_.images.back();
    shown_.add(next);
    if (auto* encoder = model_.context_encoder()) {
      Batch pair;
      pair.images = torch::stack({before, next.images[0]});
      pair.actions = next.actions;
      looks_ = torch::cat({looks_, model_.looks(*encoder, pair, 2)});
    }
  }

  Prediction imagine(const Tensor& actions, int64_t length, RolloutNoise& noise) override {
    const torch::NoGradGuard no_grad;
    const int64_t samples = noise.rollouts().samples, plans = count_plans(actions, shown_.videos());
    const int64_t copies = samples * plans, known = shown_.known_steps();
    const auto zs = model_.remembered_latents(model_.latents_after(looks_, known + length, samples, noise));
    const auto every_action = repeat_plans(actions, shown_.videos(), samples);
    Carried carried{.folded = folded_, .states = warmed(zs, noise), .state = {}};
    carried.widen(zs.defined() ? plans : copies);
    if (shown_.with_states) carried.state = repeat_batch(shown_.states.back(), copies);
    return unroll(reel(copies), {.steps = length, .first = known}, [&](const RolloutStep& now) {
      StepInputs inputs{.action = {}, .state = carried.state, .z = {}};
      if (every_action.defined()) inputs.action = every_action[now.step - known];
      if (zs.defined()) inputs.z = repeat_batch(zs[now.step], plans);
      return model_.next_frame(now, inputs, carried);
    });
  }

 private:
  // With the last frame shown as the next to be fed.
  Reel reel(int64_t copies) const {
    const int64_t known = shown_.known_steps();
    Reel reel(shown_.images, shown_.pix_distribs, known + 1, kept(model_.hparams_));
    reel.skip(known);
    reel.widen(copies);
    return reel;
  }

  // The recurrent states after all steps whose next frame is known, of all samples; without latents, which
  // are the same for all of them, of one.
  const SavpCell::States& warmed(const Tensor& zs, const RolloutNoise& noise) {
    const int64_t copies = zs.defined() ? noise.rollouts().samples : 1;
    const auto key = zs.defined() ? WarmKey{noise.seed(), noise.rollouts()} : WarmKey{};
    if (warm_states_.empty() || !(key == warm_key_)) {
      warm_states_ =
          model_.networks_->initial_states->pictures(copies * shown_.videos(), shown_.images.front());
      warm_key_ = key;
      warm_steps_ = 0;
    }
    for (; warm_steps_ < shown_.known_steps(); ++warm_steps_) {
      const auto at = [&](const std::vector<Tensor>& all) {
        return all.empty() ? Tensor() : repeat_batch(all[warm_steps_], copies);
      };
      Scene scene;
      scene.first = repeat_batch(shown_.images.front(), copies);
      scene.current = at(shown_.images);
      const auto condition =
          model_.look_at({at(shown_.actions), at(shown_.states), zs.defined() ? zs[warm_steps_] : Tensor()});
      warm_states_ = model_.networks_->cell->remember(scene, condition.vector, warm_states_, folded_);
    }
    return warm_states_;
  }

  const SavpGenerator& model_;
  SavpCell::Folded folded_;
  Tensor looks_;  // [shown - 1, B, features]; undefined for a deterministic model
  ShownFrames shown_;
  SavpCell::States warm_states_;  // of the draws in warm_key_
  WarmKey warm_key_;
  int64_t warm_steps_ = 0;
};

std::unique_ptr<Continuation> SavpGenerator::start(const Batch& batch, int64_t shown) {
  TORCH_CHECK(shown >= hparams_.context_frames && batch.images.size(0) >= shown, batch.images.size(0),
              " frames given, ", shown, " shown, at least ", hparams_.context_frames, " needed");
  return std::make_unique<Scenes>(*this, batch, shown);
}

}  // namespace savp
