#include "training/trainer.h"

#include <ATen/Context.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <optional>

#include "checkpoints/variables.h"
#include "core/device_graph.h"
#include "core/schedule.h"
#include "losses/terms.h"
#include "training/adam.h"
#include "training/perceptual.h"
#include "training/schedules.h"
#include "training/step_clock.h"

namespace savp {
namespace {

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
  auto copy = p.map([](const Tensor& x) { return x.detach(); });
  copy.ground_truth_sampling_mean = detached(p.ground_truth_sampling_mean);
  return copy;
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

// What the step's clock shows.
enum Clock : size_t { kLearningRate, kKlWeight, kGroundTruthSampling, kStepsDone };

StepClock make_clock(const TrainHparams& hparams, const Generator& generator, const at::Device& device) {
  std::vector<Schedule> schedules(4);
  schedules[kLearningRate] = learning_rate_schedule(hparams);
  schedules[kKlWeight] = kl_weight_schedule(hparams);
  schedules[kGroundTruthSampling] = [&generator](int64_t step) {
    return generator.ground_truth_sampling(step);
  };
  schedules[kStepsDone] = [](int64_t step) { return static_cast<double>(step); };
  return {std::move(schedules), device};
}

std::vector<Tensor*> tensors_of(Batch& batch) {
  return {&batch.images, &batch.actions, &batch.states, &batch.pix_distribs};
}

bool same_shapes(Batch a, Batch b) {
  const auto left = tensors_of(a), right = tensors_of(b);
  return std::equal(left.begin(), left.end(), right.begin(), [](const Tensor* x, const Tensor* y) {
    return x->defined() == y->defined() && (!x->defined() || x->sizes() == y->sizes());
  });
}

Batch clone(Batch batch) {
  for (auto* tensor : tensors_of(batch))
    if (tensor->defined()) *tensor = tensor->clone();
  return batch;
}

// A step that was recorded: what it reads its batch from, and where its report stands after each replay.
struct RecordedStep {
  DeviceGraph graph;
  StepReport report;
};

}  // namespace

struct Trainer::Body {
  const ModelEntry& entry;
  std::unique_ptr<ModelHparams> owned_hparams;
  const TrainHparams& hparams;
  TrainerOptions options;
  at::Device device = options.device;
  std::shared_ptr<Generator> generator;
  std::shared_ptr<DiscriminatorSet> discriminators;
  LossTerms generator_terms, discriminator_terms;
  bool prior_in_loss;
  StepClock clock;
  Adam g_optimizer, d_optimizer;
  std::shared_ptr<Noise> noise;
  Tensor global_step = torch::zeros({}, torch::kLong);
  Tensor bad_steps;  // in a row, 0-dim float

  // Steps recorded for one shape of batch, without and with what StepOptions::report asks for.
  Batch recorded_batch;
  std::optional<RecordedStep> recorded[2];

  Body(const ModelEntry& model, std::unique_ptr<ModelHparams> hp, const VideoShape& shape,
       const TrainerOptions& how)
      : entry(model),
        owned_hparams(std::move(hp)),
        hparams(dynamic_cast<const TrainHparams&>(*owned_hparams)),
        options(how),
        generator(model.make_generator(hparams, shape)),
        discriminators(model.make_discriminators(hparams, shape)),
        generator_terms(savp::generator_terms(hparams, load_vgg(hparams, device))),
        discriminator_terms(savp::discriminator_terms(hparams)),
        prior_in_loss(needs_prior(hparams)),
        clock(make_clock(hparams, *generator, device)),
        g_optimizer((generator->to(device), named_parameters(kGeneratorScope, *generator)), hparams.beta1,
                    hparams.beta2),
        d_optimizer((discriminators->to(device), named_parameters(kDiscriminatorScope, *discriminators)),
                    hparams.beta1, hparams.beta2),
        noise(std::make_shared<DeviceNoise>(device, how.seed)),
        bad_steps(torch::zeros({}, torch::device(device).dtype(torch::kFloat))) {
    check_terms(generator_terms, generator->provides(), model.name);
  }

  int64_t step() const { return *global_step.const_data_ptr<int64_t>(); }

  StepContext context(const StepOptions& wanted) const { return context(wanted, *noise); }
  StepContext context(const StepOptions& wanted, Noise& draws) const {
    StepContext now{.noise = draws,
                    .learning_rate = clock[kLearningRate],
                    .kl_weight = clock[kKlWeight],
                    .global_step = clock[kStepsDone]};
    if (generator->samples_ground_truth()) now.ground_truth_sampling = clock[kGroundTruthSampling];
    now.prior = prior_in_loss || wanted.outputs;
    now.details = wanted.outputs;
    now.samples = wanted.outputs ? generator->summary_samples() : 0;
    return now;
  }

  StepReport run(const Batch& batch, const StepOptions& wanted) {
    clock.set(step());
    const bool replay = options.graph && can_be_recorded(wanted);
    auto report = replay ? replayed(batch, wanted) : work(batch, wanted);
    *global_step.data_ptr<int64_t>() += 1;
    return report;
  }

  bool can_be_recorded(const StepOptions& wanted) const {
    return DeviceGraph::available(device) && !wanted.outputs && noise->generator().defined();
  }

  StepReport replayed(const Batch& batch, const StepOptions& wanted) {
    auto& step = recorded[wanted.report ? 1 : 0];
    if (!recorded_batch.images.defined()) recorded_batch = clone(batch);
    if (!same_shapes(recorded_batch, batch)) return work(batch, wanted);
    auto from = batch;
    for (size_t i = 0; i < tensors_of(from).size(); ++i)
      if (tensors_of(from)[i]->defined())
        tensors_of(recorded_batch)[i]->copy_(*tensors_of(from)[i], /*non_blocking=*/true);
    if (!step) record(wanted, step);
    step->graph.replay();
    return step->report;
  }

  // Steps that warm up must not train: all that they change is put back.
  void record(const StepOptions& wanted, std::optional<RecordedStep>& step) {
    constexpr int kWarmUpSteps = 3;
    NamedTensors before;
    for (const auto& [name, value] : state()) before.emplace_back(name, value.detach().clone());
    before.emplace_back("", bad_steps.clone());
    const auto draws = noise->state();
    DeviceGraph::warm_up(device, [&] {
      for (int i = 0; i < kWarmUpSteps; ++i) work(recorded_batch, wanted);
    });
    {
      torch::NoGradGuard no_grad;
      auto live = state();
      live.emplace_back("", bad_steps);
      for (size_t i = 0; i < live.size(); ++i) live[i].second.copy_(before[i].second);
    }
    noise->load(draws);
    const auto& other = recorded[wanted.report ? 0 : 1];
    StepReport report;
    DeviceGraph graph(
        device, [&] { report = work(recorded_batch, wanted); }, {noise->generator()},
        other ? &other->graph : nullptr);
    step.emplace(RecordedStep{std::move(graph), std::move(report)});
  }

  // All that a step asks of the device: forward, then discriminators, then generator. u is old in every pass
  // of the step; its new value comes from the weights before their update.
  StepReport work(const Batch& batch, const StepOptions& wanted) {
    const ProductPrecision products(options.precision);
    StepReport report;
    const auto now = context(wanted);
    report.learning_rate = now.learning_rate.clone();
    if (hparams.kl_weight != 0.0) report.kl_weight = now.kl_weight.clone();
    const auto output = [&] {
      const ReducedForward reduced(options.precision, device);
      return generator->forward(batch, now);
    }();
    auto bad = torch::zeros_like(bad_steps);
    DiscriminatorSet::Weights old_weights;
    if (!discriminators->empty()) discriminator_phase(batch, output, now, wanted, report, old_weights, bad);
    if (!generator_terms.empty()) generator_phase(batch, output, now, wanted, report, bad);
    if (!discriminators->empty()) discriminators->advance(old_weights);
    if (wanted.outputs) report.output = detached(output);
    bad_steps.copy_(torch::where(bad > 0.0, bad_steps + 1.0, torch::zeros_like(bad_steps)));
    report.bad_steps = bad_steps.clone();
    return report;
  }

  StepReport look(const Batch& batch, Noise& draws, const StepOptions& wanted) {
    torch::NoGradGuard no_grad;
    clock.set(step());
    StepReport report;
    auto now = context(wanted, draws);
    now.prior = true;
    report.learning_rate = now.learning_rate.clone();
    if (hparams.kl_weight != 0.0) report.kl_weight = now.kl_weight.clone();
    const auto output = generator->forward(batch, now);
    std::vector<Judgement> judgements;
    if (!discriminators->empty())
      judgements = discriminators->judge(targets(batch), output, discriminators->normalize(),
                                         DiscriminatorSet::Phase::kDiscriminator, draws);
    auto d = evaluate(discriminator_terms, {batch, output, judgements}, now);
    report.d_losses = std::move(d.values);
    report.d_loss = d.total;
    report_before_update(batch, output, judgements, now, report);
    report.g_losses_post = report.g_losses;
    report.g_loss_post = report.g_loss;
    report.output = output;
    return report;
  }

  // The frames that the discriminators judge are those that follow the first.
  Tensor targets(const Batch& batch) const { return batch.images.narrow(0, 1, hparams.sequence_length - 1); }

  void discriminator_phase(const Batch& batch, const GeneratorOutput& output, const StepContext& now,
                           const StepOptions& wanted, StepReport& report,
                           DiscriminatorSet::Weights& old_weights, Tensor& bad) {
    PrefixedNoise draws(*noise, "disc_pre/");
    Evaluated d;
    {
      const ReducedForward reduced(options.precision, device);
      old_weights = discriminators->normalize();
      auto judgements = discriminators->judge(targets(batch), output, old_weights,
                                              DiscriminatorSet::Phase::kDiscriminator, draws,
                                              /*all=*/wanted.outputs);
      d = evaluate(discriminator_terms, {batch, output, judgements}, now);
      if (wanted.outputs) report.discriminator_outputs = discriminator_outputs(judgements);
      if (wanted.report) report_before_update(batch, output, judgements, now, report);
    }
    report.d_losses = std::move(d.values);
    report.d_loss = detached(d.total);
    // In the published code nothing waits for the discriminators' update in this mode, and it never runs.
    optimize(d_optimizer, d.total, now, bad, /*update=*/!hparams.joint_gan_optimization);
    for (auto& weights : old_weights) weights.convs.clear();  // they hold transforms of all weights
  }

  void generator_phase(const Batch& batch, const GeneratorOutput& output, const StepContext& now,
                       const StepOptions& wanted, StepReport& report, Tensor& bad) {
    Evaluated g;
    {
      const ReducedForward reduced(options.precision, device);
      std::vector<Judgement> judgements;
      if (!discriminators->empty()) {
        PrefixedNoise draws(*noise, "disc_post/");
        torch::NoGradGuard no_grad_for_weights;
        const auto weights = discriminators->normalize();
        torch::AutoGradMode with_grad(true);
        judgements = discriminators->judge(targets(batch), output, weights,
                                           DiscriminatorSet::Phase::kGenerator, draws);
      }
      g = evaluate(generator_terms, {batch, output, judgements}, now);
    }
    report.g_losses_post = std::move(g.values);
    report.g_loss_post = detached(g.total);
    if (wanted.report && discriminators->empty()) {
      report.g_losses = report.g_losses_post;
      report.g_loss = report.g_loss_post;
    }
    optimize(g_optimizer, g.total, now, bad);
  }

  // Gradients of the loss, and an update with them unless something in them is not finite: then `bad`
  // becomes 1.
  void optimize(Adam& optimizer, const Tensor& loss, const StepContext& now, Tensor& bad,
                bool update = true) {
    optimizer.zero_grad();
    if (loss.defined()) loss.backward();
    if (!update) return;
    const auto skip = optimizer.not_finite(loss);
    optimizer.step(now.learning_rate, skip);
    bad = torch::maximum(bad, skip);
  }

  void report_before_update(const Batch& batch, const GeneratorOutput& output,
                            const std::vector<Judgement>& judgements, const StepContext& now,
                            StepReport& report) const {
    torch::NoGradGuard no_grad;
    auto g = evaluate(generator_terms, {batch, output, judgements}, now);
    report.g_losses = std::move(g.values);
    report.g_loss = g.total;
  }

  NamedTensors state() const {
    NamedTensors all;
    const auto append = [&](NamedTensors more) { all.insert(all.end(), more.begin(), more.end()); };
    append(named_parameters(kGeneratorScope, *generator));
    append(named_buffers(kGeneratorScope, *generator));
    append(named_parameters(kDiscriminatorScope, *discriminators));
    append(named_buffers(kDiscriminatorScope, *discriminators));
    const auto powers_scoped = [](NamedTensors state, const std::string& scope) {
      for (auto& [name, tensor] : state)
        if (name == "beta1_power" || name == "beta2_power") name = concat(scope, "/", name);
      return state;
    };
    append(powers_scoped(g_optimizer.state(), optimizer_scope(kGeneratorScope)));
    if (!discriminators->empty())
      append(powers_scoped(d_optimizer.state(), optimizer_scope(kDiscriminatorScope)));
    return all;
  }
};

Trainer::Trainer(const ModelEntry& entry, const TrainHparams& hparams, const VideoShape& shape,
                 const TrainerOptions& options) {
  check_precision(options.precision, options.device);
  at::globalContext().setBenchmarkCuDNN(
      true);  // shapes stay the same: the fastest algorithms are worth a search
  torch::manual_seed(options.seed);
  auto copy = entry.copy_hparams(hparams);
  auto view = entry.view(*copy);
  view.override_from_json(view.to_json(), "hyperparameters");  // refuses values set by hand that cannot be
  body_ = std::make_unique<Body>(entry, std::move(copy), shape, options);
}

Trainer::~Trainer() = default;

StepReport Trainer::step(const Batch& batch, const StepOptions& options) {
  return body_->run(batch, options);
}
StepReport Trainer::look(const Batch& batch, Noise& noise, const StepOptions& options) {
  return body_->look(batch, noise, options);
}
int64_t Trainer::global_step() const { return body_->step(); }
void Trainer::set_global_step(int64_t step) { body_->global_step.fill_(step); }
Generator& Trainer::generator() { return *body_->generator; }
DiscriminatorSet& Trainer::discriminators() { return *body_->discriminators; }
const TrainHparams& Trainer::hparams() const { return body_->hparams; }
void Trainer::set_noise(std::shared_ptr<Noise> noise) { body_->noise = std::move(noise); }

NamedTensors Trainer::state() {
  auto all = body_->state();
  all.emplace_back(kGlobalStep, body_->global_step);
  if (const auto draws = body_->noise->state(); draws.defined()) all.emplace_back(kNoiseState, draws);
  return all;
}

Restored Trainer::load(const VariableSource& source, Load how) {
  auto variables = state();
  if (how == Load::kStart) {
    std::erase_if(variables, [](const auto& named) { return named.first == kNoiseState; });
    return restore(source, variables, {.parts = true});
  }
  auto restored = restore(source, variables, {.optional = {kNoiseState}});
  if (restored.optional.empty() && variables.back().first == kNoiseState)
    body_->noise->load(variables.back().second);
  return restored;
}

NamedTensors Trainer::gradients() {
  NamedTensors all;
  for (const auto& [scope, module] :
       {std::pair<std::string, torch::nn::Module*>(kGeneratorScope, body_->generator.get()),
        std::pair<std::string, torch::nn::Module*>(kDiscriminatorScope, body_->discriminators.get())})
    for (const auto& [name, parameter] : named_parameters(scope, *module))
      all.emplace_back(name, parameter.grad());
  return all;
}

}  // namespace savp
