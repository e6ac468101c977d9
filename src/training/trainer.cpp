#include "savp/training/trainer.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "savp/checkpoints/tf_names.h"
#include "savp/core/schedule.h"
#include "savp/losses/terms.h"
#include "savp/training/adam.h"
#include "savp/training/schedules.h"
#include "training/perceptual.h"

namespace savp {
namespace {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

std::string variable_name(const std::string& scope, const std::string& dotted) {
  return concat(scope, "/", tf_names::from_ours(dotted));
}

NamedTensors named_parameters(const std::string& scope, const torch::nn::Module& module) {
  NamedTensors all;
  for (const auto& item : module.named_parameters())
    all.emplace_back(variable_name(scope, item.key()), item.value());
  return all;
}

NamedTensors named_buffers(const std::string& scope, const torch::nn::Module& module) {
  NamedTensors all;
  for (const auto& item : module.named_buffers())
    all.emplace_back(variable_name(scope, item.key()), item.value());
  return all;
}

// The terms' values and their weighted sum (undefined without terms).
struct Evaluated {
  Scalars values;
  Tensor total;
};
Evaluated evaluate(const LossTerms& terms, const LossInputs& inputs, const StepContext& now) {
  Evaluated result;
  for (const auto& term : terms) {
    const auto value = term.value(inputs);
    const auto weighted = term.annealed ? value * now.kl_weight : value * term.weight;
    result.values.emplace_back(term.name, value.detach());
    result.total = result.total.defined() ? result.total + weighted : weighted;
  }
  return result;
}

Tensor detached(const Tensor& x) { return x.defined() ? x.detach() : x; }

Prediction detached(const Prediction& p) {
  return {detached(p.images),
          detached(p.states),
          detached(p.pix_distribs),
          detached(p.flows),
          detached(p.masks),
          detached(p.transformed_images),
          detached(p.transformed_pix_distribs),
          detached(p.ground_truth_sampling_mean)};
}

GeneratorOutput detached(const GeneratorOutput& output) {
  GeneratorOutput copy{detached(output.prior), {}, {}, {}, detached(output.samples)};
  if (output.posterior) copy.posterior = detached(*output.posterior);
  if (output.q) copy.q = Gaussian{detached(output.q->mu), detached(output.q->log_sigma_sq)};
  if (output.p) copy.p = Gaussian{detached(output.p->mu), detached(output.p->log_sigma_sq)};
  return copy;
}

Scalars discriminator_outputs(const std::vector<Judgement>& judgements) {
  Scalars all;
  for (const auto& j : judgements) {
    const std::string branch = j.posterior ? "_enc" : "";
    for (const auto& [suffix, verdict] : {std::pair("_real", &j.real), std::pair("_fake", &j.fake)}) {
      all.emplace_back("discrim" + j.infix + "_logits" + branch + suffix, verdict->logits.detach());
      for (size_t i = 0; i < verdict->features.size(); ++i)
        all.emplace_back("discrim" + j.infix + "_feature" + std::to_string(i) + branch + suffix,
                         verdict->features[i].detach());
    }
  }
  return all;
}

bool needs_prior(const TrainHparams& hp) {
  const auto kinds = discriminator_kinds(hp);
  return std::any_of(kinds.begin(), kinds.end(),
                     [](const DiscriminatorKind& kind) { return kind.gan_weight != 0.0; });
}

}  // namespace

struct Trainer::Body {
  const ModelEntry& entry;
  std::unique_ptr<ModelHparams> owned_hparams;
  const TrainHparams& hparams;
  at::Device device;
  std::shared_ptr<Generator> generator;
  std::shared_ptr<DiscriminatorSet> discriminators;
  LossTerms generator_terms, discriminator_terms;
  Schedule learning_rate, kl_weight;
  bool prior_in_loss;
  Adam g_optimizer, d_optimizer;
  std::shared_ptr<Noise> noise;
  Tensor global_step = torch::zeros({}, torch::kLong);
  Tensor noise_state;  // a copy of the noise's state, as state() gave it out

  Body(const ModelEntry& model, std::unique_ptr<ModelHparams> hp, const VideoShape& shape,
       const at::Device& where)
      : entry(model),
        owned_hparams(std::move(hp)),
        hparams(dynamic_cast<const TrainHparams&>(*owned_hparams)),
        device(where),
        generator(model.make_generator(hparams, shape)),
        discriminators(model.make_discriminators(hparams, shape)),
        generator_terms(savp::generator_terms(hparams, load_vgg(hparams, where))),
        discriminator_terms(savp::discriminator_terms(hparams)),
        learning_rate(learning_rate_schedule(hparams)),
        kl_weight(kl_weight_schedule(hparams)),
        prior_in_loss(needs_prior(hparams)),
        g_optimizer((generator->to(device), named_parameters("generator", *generator)), hparams.beta1,
                    hparams.beta2),
        d_optimizer((discriminators->to(device), named_parameters("discriminator", *discriminators)),
                    hparams.beta1, hparams.beta2) {
    check_terms(generator_terms, generator->provides(), model.name);
  }

  int64_t step() const { return *global_step.const_data_ptr<int64_t>(); }

  Tensor scalar(double value) const {
    return torch::full({}, value, torch::device(device).dtype(torch::kFloat));
  }

  StepContext context(const StepOptions& options) {
    const double sampling = generator->ground_truth_sampling(step());
    StepContext now{.noise = *noise,
                    .learning_rate = scalar(learning_rate(step())),
                    .kl_weight = scalar(kl_weight(step())),
                    .global_step = scalar(static_cast<double>(step()))};
    if (hparams_sample_ground_truth()) now.ground_truth_sampling = scalar(sampling);
    now.prior = prior_in_loss || options.outputs;
    now.details = options.outputs;
    now.samples = options.outputs ? summary_samples() : 0;
    return now;
  }
  // Both are knobs of some models only.
  bool hparams_sample_ground_truth() const {
    const auto view = entry.view(*owned_hparams);
    return !view.has("schedule_sampling") || view.get("schedule_sampling") != "none";
  }
  int64_t summary_samples() const {
    const auto view = entry.view(*owned_hparams);
    return view.has("num_samples") ? view.get("num_samples").get<int64_t>() : 0;
  }

  // u is old in every pass of the step; its new value comes from the weights before their update.
  StepReport run(const Batch& batch, const StepOptions& options) {
    StepReport report;
    auto now = context(options);
    report.learning_rate = now.learning_rate;
    if (hparams.kl_weight != 0.0) report.kl_weight = now.kl_weight;
    const auto output = generator->forward(batch, now);
    const auto targets = batch.images.narrow(0, 1, hparams.sequence_length - 1);

    DiscriminatorSet::Weights old_weights;
    std::vector<Judgement> judgements;
    if (!discriminators->empty()) {
      PrefixedNoise draws(*noise, "disc_pre/");
      old_weights = discriminators->normalize();
      judgements =
          discriminators->judge(targets, output, old_weights, DiscriminatorSet::Phase::kDiscriminator, draws,
                                /*all=*/options.outputs);
      auto d = evaluate(discriminator_terms, {batch, output, judgements}, now);
      report.d_losses = std::move(d.values);
      report.d_loss = detached(d.total);
      if (options.outputs) report.discriminator_outputs = discriminator_outputs(judgements);
      if (options.report) report_before_update(batch, output, judgements, now, report);
      d_optimizer.zero_grad();
      if (d.total.defined()) d.total.backward();
      judgements.clear();
      for (auto& weights : old_weights) weights.convs.clear();  // they hold transforms of all weights
      // In the published code nothing waits for the discriminators' update in this mode, and it never runs.
      if (!hparams.joint_gan_optimization) d_optimizer.step(learning_rate(step()));
    }
    if (!generator_terms.empty()) {
      if (!discriminators->empty()) {
        PrefixedNoise draws(*noise, "disc_post/");
        torch::NoGradGuard no_grad_for_weights;
        auto weights = discriminators->normalize();
        torch::AutoGradMode with_grad(true);
        judgements =
            discriminators->judge(targets, output, weights, DiscriminatorSet::Phase::kGenerator, draws);
      }
      auto g = evaluate(generator_terms, {batch, output, judgements}, now);
      judgements.clear();
      report.g_losses_post = std::move(g.values);
      report.g_loss_post = detached(g.total);
      if (options.report && discriminators->empty()) {
        report.g_losses = report.g_losses_post;
        report.g_loss = report.g_loss_post;
      }
      g_optimizer.zero_grad();
      g.total.backward();
      g_optimizer.step(learning_rate(step()));
    }
    if (!discriminators->empty()) discriminators->advance(old_weights);
    if (options.outputs) report.output = detached(output);
    global_step += 1;
    return report;
  }

  void report_before_update(const Batch& batch, const GeneratorOutput& output,
                            const std::vector<Judgement>& judgements, const StepContext& now,
                            StepReport& report) const {
    torch::NoGradGuard no_grad;
    auto g = evaluate(generator_terms, {batch, output, judgements}, now);
    report.g_losses = std::move(g.values);
    report.g_loss = g.total;
  }
};

Trainer::Trainer(const ModelEntry& entry, const TrainHparams& hparams, const VideoShape& shape,
                 const at::Device& device, uint64_t seed) {
  torch::manual_seed(seed);
  auto copy = entry.copy_hparams(hparams);
  auto view = entry.view(*copy);
  view.override_from_json(view.to_json(), "hyperparameters");  // refuses values set by hand that cannot be
  body_ = std::make_unique<Body>(entry, std::move(copy), shape, device);
  body_->noise = std::make_shared<DeviceNoise>(device, seed);
}

Trainer::~Trainer() = default;

StepReport Trainer::step(const Batch& batch, const StepOptions& options) {
  return body_->run(batch, options);
}
int64_t Trainer::global_step() const { return body_->step(); }
void Trainer::set_global_step(int64_t step) { body_->global_step.fill_(step); }
Generator& Trainer::generator() { return *body_->generator; }
DiscriminatorSet& Trainer::discriminators() { return *body_->discriminators; }
const TrainHparams& Trainer::hparams() const { return body_->hparams; }
void Trainer::set_noise(std::shared_ptr<Noise> noise) { body_->noise = std::move(noise); }

std::vector<std::pair<std::string, Tensor>> Trainer::state() {
  NamedTensors all;
  const auto append = [&](NamedTensors more) { all.insert(all.end(), more.begin(), more.end()); };
  append(named_parameters("generator", *body_->generator));
  append(named_buffers("generator", *body_->generator));
  append(named_parameters("discriminator", *body_->discriminators));
  append(named_buffers("discriminator", *body_->discriminators));
  const auto powers_scoped = [](NamedTensors state, const std::string& scope) {
    for (auto& [name, tensor] : state)
      if (name == "beta1_power" || name == "beta2_power") name = concat(scope, "/", name);
    return state;
  };
  append(powers_scoped(body_->g_optimizer.state(), "g_apply_gradients"));
  if (!body_->discriminators->empty()) append(powers_scoped(body_->d_optimizer.state(), "d_apply_gradients"));
  all.emplace_back("global_step", body_->global_step);
  if (auto* noise = dynamic_cast<DeviceNoise*>(body_->noise.get())) {
    body_->noise_state = noise->state();
    all.emplace_back("noise_state", body_->noise_state);
  }
  return all;
}

void Trainer::state_was_restored() {
  auto* noise = dynamic_cast<DeviceNoise*>(body_->noise.get());
  if (noise != nullptr && body_->noise_state.defined()) noise->set_state(body_->noise_state);
}

std::vector<std::pair<std::string, Tensor>> Trainer::gradients() {
  NamedTensors all;
  for (const auto& [scope, module] :
       {std::pair<std::string, torch::nn::Module*>("generator", body_->generator.get()),
        std::pair<std::string, torch::nn::Module*>("discriminator", body_->discriminators.get())})
    for (const auto& [name, parameter] : named_parameters(scope, *module))
      all.emplace_back(name, parameter.grad());
  return all;
}

}  // namespace savp
