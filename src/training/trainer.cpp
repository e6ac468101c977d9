#include "training/trainer.h"

#include <ATen/Context.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <optional>

#include "checkpoints/tf_names.h"
#include "checkpoints/variables.h"
#include "core/device_graph.h"
#include "core/schedule.h"
#include "losses/terms.h"
#include "training/adam.h"
#include "training/averaged_weights.h"
#include "training/communicator.h"
#include "training/gradient_average.h"
#include "training/part_noise.h"
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

// The mean over the parts of a batch, without gradients.
class MeanOverParts {
 public:
  void add(const Evaluated& part) {
    ++parts_;
    const auto total = part.total.defined() ? part.total.detach() : part.total;
    if (parts_ == 1) {
      sum_ = {part.values, total};
      return;
    }
    for (size_t i = 0; i < part.values.size(); ++i)
      sum_.values[i].second = sum_.values[i].second + part.values[i].second;
    if (total.defined()) sum_.total = sum_.total + total;
  }
  void give(Scalars& values, Tensor& total) const {
    const auto mean = [this](const Tensor& x) { return parts_ > 1 && x.defined() ? x / parts_ : x; };
    for (const auto& [name, value] : sum_.values) values.emplace_back(name, mean(value));
    total = mean(sum_.total);
  }

 private:
  Evaluated sum_;
  int64_t parts_ = 0;
};

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

std::vector<std::string> names_of(const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
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

// Videos first .. first + count - 1.
Batch narrowed(Batch batch, int64_t first, int64_t count) {
  for (auto* tensor : tensors_of(batch))
    if (tensor->defined()) *tensor = tensor->narrow(1, first, count).contiguous();
  return batch;
}

// The numbers that tell of the data, so that processes differ in them.
std::vector<Tensor*> losses_of(StepReport& report) {
  std::vector<Tensor*> all;
  for (auto* tensor : {&report.d_loss, &report.g_loss, &report.g_loss_post})
    if (tensor->defined()) all.push_back(tensor);
  for (auto* scalars : {&report.d_losses, &report.g_losses, &report.g_losses_post})
    for (auto& [name, value] : *scalars) all.push_back(&value);
  return all;
}

AdamOptions adam_options(const TrainHparams& hp) {
  return {.beta1 = hp.beta1, .beta2 = hp.beta2, .clip_norm = hp.clip_norm, .weight_decay = hp.weight_decay};
}

Batch clone(Batch batch) {
  for (auto* tensor : tensors_of(batch))
    if (tensor->defined()) *tensor = tensor->clone();
  return batch;
}

// What a step carries from one of its phases to the next.
struct StepWork {
  std::vector<Batch> parts;
  const StepOptions& wanted;
  StepContext now;
  Tensor bad;  // 1 where an update was left out
  StepReport report = {};
  DiscriminatorSet::Weights old_weights = {};
  std::optional<GeneratorOutput> output = {};  // of the first part
  bool in_parts() const { return parts.size() > 1; }
};

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
  std::shared_ptr<Communicator> communicator;
  std::shared_ptr<Generator> generator;
  std::shared_ptr<DiscriminatorSet> discriminators;
  LossTerms generator_terms, discriminator_terms;
  bool prior_in_loss;
  StepClock clock;
  Adam g_optimizer, d_optimizer;
  GradientAverage g_average, d_average;
  AveragedWeights averages;
  std::shared_ptr<Noise> noise;
  PartNoise draws;
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
        communicator(how.communicator ? how.communicator : alone()),
        generator(model.make_generator(hparams, shape)),
        discriminators(model.make_discriminators(hparams, shape)),
        generator_terms(savp::generator_terms(hparams, how.vgg)),
        discriminator_terms(savp::discriminator_terms(hparams)),
        prior_in_loss(needs_prior(hparams)),
        clock(make_clock(hparams, *generator, device)),
        g_optimizer((generator->to(device), named_parameters(kGeneratorScope, *generator)),
                    adam_options(hparams)),
        d_optimizer((discriminators->to(device), named_parameters(kDiscriminatorScope, *discriminators)),
                    adam_options(hparams)),
        g_average(named_parameters(kGeneratorScope, *generator), communicator),
        d_average(named_parameters(kDiscriminatorScope, *discriminators), communicator),
        averages(named_parameters(kGeneratorScope, *generator), hparams.ema_decay),
        noise(std::make_shared<DeviceNoise>(device, how.seed)),
        draws(noise),
        bad_steps(torch::zeros({}, torch::device(device).dtype(torch::kFloat))) {
    SAVP_CHECK(hparams.vgg_cdist_weight == 0.0 || how.vgg, UsageError,
               "vgg_cdist_weight=", hparams.vgg_cdist_weight, " needs VGG-16");
    check_terms(generator_terms, generator->provides(), model.name);
  }

  int64_t step() const { return *global_step.const_data_ptr<int64_t>(); }

  StepContext context(const StepOptions& wanted) { return context(wanted, draws); }
  StepContext context(const StepOptions& wanted, Noise& of) const {
    StepContext now{.noise = of,
                    .learning_rate = clock[kLearningRate],
                    .kl_weight = clock[kKlWeight],
                    .global_step = clock[kStepsDone]};
    if (generator->samples_ground_truth()) now.ground_truth_sampling = clock[kGroundTruthSampling];
    now.prior = prior_in_loss || wanted.outputs;
    now.details = wanted.outputs;
    now.recompute = options.recompute;
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
    draws.begin_step();
    StepWork w{parts_of(batch), wanted, context(wanted), torch::zeros_like(bad_steps)};
    w.report.learning_rate = w.now.learning_rate.clone();
    if (hparams.kl_weight != 0.0) w.report.kl_weight = w.now.kl_weight.clone();
    if (!discriminators->empty()) discriminator_phase(w);
    if (!generator_terms.empty()) generator_phase(w);
    if (!discriminators->empty()) discriminators->advance(w.old_weights);
    if (wanted.outputs) w.report.output = detached(w.output ? *w.output : forward(w, 0, /*graph=*/false));
    bad_steps.copy_(torch::where(w.bad > 0.0, bad_steps + 1.0, torch::zeros_like(bad_steps)));
    w.report.bad_steps = bad_steps.clone();
    average_losses(w.report);
    return w.report;
  }

  std::vector<Batch> parts_of(const Batch& batch) const {
    const auto parts = options.accumulate_steps, videos = batch.batch_size();
    if (parts == 1) return {batch};
    TORCH_CHECK(videos % parts == 0, "a batch of ", videos, " videos in ", parts, " parts");
    std::vector<Batch> all;
    for (int64_t i = 0; i < parts; ++i) all.push_back(narrowed(batch, i * (videos / parts), videos / parts));
    return all;
  }

  // From here on draws are those of a part.
  void turn_to(const StepWork& w, size_t part) {
    const auto count = w.parts[part].batch_size(), world = communicator->size();
    draws.take({.whole = world * count * static_cast<int64_t>(w.parts.size()),
                .first = communicator->rank() + world * count * static_cast<int64_t>(part),
                .stride = world,
                .count = count});
  }

  GeneratorOutput forward(const StepWork& w, size_t part, bool graph) {
    turn_to(w, part);
    const torch::AutoGradMode with_graph(graph);
    const ReducedForward reduced(options.precision, device);
    return generator->forward(w.parts[part], w.now);
  }

  StepReport look(const Batch& batch, Noise& of, const StepOptions& wanted) {
    torch::NoGradGuard no_grad;
    clock.set(step());
    StepReport report;
    auto now = context(wanted, of);
    now.prior = true;
    report.learning_rate = now.learning_rate.clone();
    if (hparams.kl_weight != 0.0) report.kl_weight = now.kl_weight.clone();
    const auto output = generator->forward(batch, now);
    std::vector<Judgement> judgements;
    if (!discriminators->empty())
      judgements = discriminators->judge(targets(batch), output, discriminators->normalize(),
                                         DiscriminatorSet::Phase::kDiscriminator, of);
    auto d = evaluate(discriminator_terms, {batch, output, judgements}, now);
    report.d_losses = std::move(d.values);
    report.d_loss = d.total;
    auto g = evaluate(generator_terms, {batch, output, judgements}, now);
    report.g_losses = report.g_losses_post = std::move(g.values);
    report.g_loss = report.g_loss_post = g.total;
    report.output = output;
    return report;
  }

  // The frames that the discriminators judge are those that follow the first.
  Tensor targets(const Batch& batch) const { return batch.images.narrow(0, 1, hparams.sequence_length - 1); }

  // The graphs of all parts together would need the memory that parts are there to save: then the generator
  // makes its videos anew for its own phase.
  void discriminator_phase(StepWork& w) {
    MeanOverParts losses, before;
    d_optimizer.zero_grad();
    for (size_t i = 0; i < w.parts.size(); ++i) {
      const auto output = forward(w, i, /*graph=*/!w.in_parts());
      const auto d = discriminator_losses(w, i, output, before);
      losses.add(d);
      backward(d.total, d_average, w, i);
      for (auto& weights : w.old_weights) weights.convs.clear();  // they hold transforms of all weights
      if (i == 0) w.output = w.in_parts() && !w.wanted.outputs ? std::nullopt : std::optional(output);
    }
    losses.give(w.report.d_losses, w.report.d_loss);
    if (w.wanted.report) before.give(w.report.g_losses, w.report.g_loss);
    // In the published code nothing waits for the discriminators' update in this mode, and it never runs.
    update(d_optimizer, d_average, w.report.d_loss, w, /*really=*/!hparams.joint_gan_optimization);
  }

  Evaluated discriminator_losses(StepWork& w, size_t part, const GeneratorOutput& output,
                                 MeanOverParts& before) {
    const auto& batch = w.parts[part];
    PrefixedNoise prefixed(draws, "disc_pre/");
    const ReducedForward reduced(options.precision, device);
    w.old_weights = discriminators->normalize();
    const auto judgements =
        discriminators->judge(targets(batch), output, w.old_weights, DiscriminatorSet::Phase::kDiscriminator,
                              prefixed, /*all=*/w.wanted.outputs);
    auto d = evaluate(discriminator_terms, {batch, output, judgements}, w.now);
    if (w.wanted.outputs && part == 0) w.report.discriminator_outputs = discriminator_outputs(judgements);
    if (w.wanted.report) {
      torch::NoGradGuard no_grad;
      before.add(evaluate(generator_terms, {batch, output, judgements}, w.now));
    }
    return d;
  }

  void generator_phase(StepWork& w) {
    MeanOverParts losses;
    g_optimizer.zero_grad();
    const auto weights = new_weights();
    for (size_t i = 0; i < w.parts.size(); ++i) {
      const bool at_hand = w.output && !w.in_parts();
      const auto output = at_hand ? *w.output : forward(w, i, /*graph=*/true);
      if (i == 0 && !w.output && w.wanted.outputs) w.output = detached(output);
      const auto g = generator_losses(w, i, output, weights);
      losses.add(g);
      backward(g.total, g_average, w, i);
    }
    losses.give(w.report.g_losses_post, w.report.g_loss_post);
    if (w.wanted.report && discriminators->empty()) {
      w.report.g_losses = w.report.g_losses_post;
      w.report.g_loss = w.report.g_loss_post;
    }
    update(g_optimizer, g_average, w.report.g_loss_post, w);
    averages.update();
  }

  // Of the updated discriminators, as constants.
  DiscriminatorSet::Weights new_weights() const {
    if (discriminators->empty()) return {};
    torch::NoGradGuard no_grad;
    const ReducedForward reduced(options.precision, device);
    return discriminators->normalize();
  }

  Evaluated generator_losses(StepWork& w, size_t part, const GeneratorOutput& output,
                             const DiscriminatorSet::Weights& weights) {
    const auto& batch = w.parts[part];
    const ReducedForward reduced(options.precision, device);
    std::vector<Judgement> judgements;
    if (!discriminators->empty()) {
      PrefixedNoise prefixed(draws, "disc_post/");
      judgements = discriminators->judge(targets(batch), output, weights, DiscriminatorSet::Phase::kGenerator,
                                         prefixed);
    }
    return evaluate(generator_terms, {batch, output, judgements}, w.now);
  }

  // Adds to the gradients; those of the last part are on their way to the other processes at once.
  void backward(const Tensor& loss, GradientAverage& average, const StepWork& w, size_t part) const {
    if (part + 1 == w.parts.size()) average.start();
    if (!loss.defined()) return;
    (w.in_parts() ? loss / static_cast<double>(w.parts.size()) : loss).backward();
  }

  // An update with the gradients unless something in them, or in the loss, is not finite: then `bad`
  // becomes 1.
  void update(Adam& optimizer, GradientAverage& average, const Tensor& loss, StepWork& w,
              bool really = true) const {
    average.finish();
    if (!really) return;
    const auto skip = optimizer.not_finite(loss);
    if (communicator->size() > 1) {
      communicator->sum(skip);
      skip.clamp_max_(1.0);
    }
    optimizer.step(w.now.learning_rate, skip);
    w.bad = torch::maximum(w.bad, skip);
  }

  void average_losses(StepReport& report) const {
    if (communicator->size() == 1) return;
    const auto losses = losses_of(report);
    if (losses.empty()) return;
    std::vector<Tensor> values;
    for (const auto* loss : losses) values.push_back(loss->to(torch::kFloat));
    const auto all = torch::stack(values);
    communicator->sum(all);
    const auto means = (all / static_cast<double>(communicator->size())).unbind();
    for (size_t i = 0; i < losses.size(); ++i) *losses[i] = means[i];
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
        if (name == tf_names::kBeta1Power || name == tf_names::kBeta2Power) name = concat(scope, "/", name);
      return state;
    };
    append(powers_scoped(g_optimizer.state(), optimizer_scope(kGeneratorScope)));
    if (!discriminators->empty())
      append(powers_scoped(d_optimizer.state(), optimizer_scope(kDiscriminatorScope)));
    append(averages.state());
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
Trainer::Predicting::Predicting(Trainer& trainer) : trainer_(trainer) { trainer_.body_->averages.swap(); }
Trainer::Predicting::~Predicting() { trainer_.body_->averages.swap(); }
int64_t Trainer::global_step() const { return body_->step(); }
void Trainer::set_global_step(int64_t step) { body_->global_step.fill_(step); }
Generator& Trainer::generator() { return *body_->generator; }
DiscriminatorSet& Trainer::discriminators() { return *body_->discriminators; }
const TrainHparams& Trainer::hparams() const { return body_->hparams; }
void Trainer::set_noise(std::shared_ptr<Noise> noise) {
  body_->noise = std::move(noise);
  body_->draws = PartNoise(body_->noise);
}

NamedTensors Trainer::state() {
  auto all = body_->state();
  all.emplace_back(kGlobalStep, body_->global_step);
  if (const auto draws = body_->noise->state(); draws.defined()) all.emplace_back(kNoiseState, draws);
  return all;
}

Restored Trainer::load(const VariableSource& source, Load how) {
  auto variables = state();
  const auto averages = names_of(body_->averages.state());
  if (how == Load::kStart) {
    std::erase_if(variables, [](const auto& named) { return named.first == kNoiseState; });
    auto restored = restore(source, variables, {.parts = true});
    if (!averages.empty() && !source.has(averages.front())) body_->averages.restart();
    return restored;
  }
  auto optional = averages;
  optional.push_back(kNoiseState);
  auto restored = restore(source, variables, {.optional = optional});
  if (std::erase_if(restored.optional, is_average) > 0) body_->averages.restart();
  if (restored.optional.empty() && variables.back().first == kNoiseState)
    body_->noise->load(variables.back().second);
  return restored;
}

void Trainer::share() {
  torch::NoGradGuard no_grad;
  auto& communicator = *body_->communicator;
  if (communicator.size() == 1) return;
  for (auto& [name, variable] : state()) {
    auto value = variable.detach().contiguous();
    communicator.broadcast(value);
    if (name == kNoiseState)
      body_->noise->load(value);
    else
      variable.detach().copy_(value);
  }
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
