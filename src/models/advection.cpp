#include "models/advection.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <utility>

#include "core/error.h"
#include "models/composition.h"
#include "models/recomputed_step.h"
#include "models/size_remedy.h"
#include "models/track.h"
#include "models/unroll.h"
#include "nn/slim_layers.h"

namespace savp {
namespace {

constexpr int64_t kFirstFilters = 32;
constexpr int64_t kShrink = 8;  // how much smaller than a frame the smallest layer is

void check(const AdvectionHparams& hp, const VideoShape& shape) {
  SAVP_CHECK(hp.transformation != nn::Advection::kDna || hp.num_masks == 1, UsageError,
             "num_masks=", hp.num_masks,
             ": transformation=dna moves every pixel once, so that there is 1 moved frame");
  SAVP_CHECK(shape.height % kShrink == 0 && shape.width % kShrink == 0, UsageError, "frames of ",
             shape.height, "x", shape.width,
             " pixels cannot be halved 3 times: both sides must be multiples of ", kShrink, kSizeRemedy);
}

Schedule ground_truth_schedule(double k) {
  return k == -1.0 ? schedule::constant(0.0) : schedule::inverse_sigmoid(k, /*begin=*/0);
}

// Of step t, where there are some; one set may serve all steps.
Tensor latent_of(const Tensor& latents, int64_t t) {
  return latents.defined() ? latents[latents.size(0) == 1 ? 0 : t] : Tensor();
}

// An LSTM and the norm of its output.
class Memory {
 public:
  Memory(torch::nn::Module& root, int64_t number, int64_t in, int64_t filters)
      : cell_(nn::place_slim_lstm(root, concat("state", number), in, filters)),
        norm_(nn::placed(root, concat("layer_norm", number + 1),
                         nn::make_norm(nn::NormLayer::kLayer, filters))) {}

  // A rollout through it: what it carries, and its prepared convolution.
  struct Run {
    nn::ConvState state;
    nn::ConvRnn::Folded folded;
  };
  // Not by Winograd's way: its rounding flips signs behind these models' many ReLUs, and the gradients
  // show it.
  Run start() const { return {{}, cell_->fold(/*uses=*/0)}; }

  Tensor step(const Tensor& x, Run& run) const {
    if (!run.state.h.defined())
      for (const auto& part : cell_->state_parts())
        run.state.*part.tensor = torch::zeros({x.size(0), part.channels, x.size(2), x.size(3)}, x.options());
    const auto next = cell_->forward(x, {}, run.state, run.folded);
    run.state = next.state;
    return norm_->forward(next.output);
  }

 private:
  std::shared_ptr<nn::ConvRnn> cell_;
  std::shared_ptr<nn::Norm> norm_;
};

}  // namespace

struct AdvectionGenerator::Tower {
  std::shared_ptr<nn::SlimConv> conv1, conv2, conv3, conv4, up1, up2, up3, scratch, masks;
  std::vector<Memory> half, quarter, eighth, up_quarter, up_half;  // the last three: one each
  std::shared_ptr<nn::PixelTransform> transform;
  std::shared_ptr<nn::SlimDense> state_pred;
  std::vector<Candidate> candidates;
  int64_t actions, states;
  bool moves, conditioned;

  using Runs = std::vector<Memory::Run>;

  // The smallest layer and the last one. vector [B, V] and latent [B, Z, H / 8, W / 8] may be undefined.
  nn::TransformFeatures features(const Tensor& frame, const Tensor& vector, const Tensor& latent,
                                 Runs& runs) const {
    size_t next = 0;
    const auto remember = [&](Tensor h, const std::vector<Memory>& memories) {
      for (const auto& memory : memories) h = memory.step(h, runs[next++]);
      return h;
    };
    const auto at_half = conv1->forward(frame);
    const auto at_quarter = conv2->forward(remember(at_half, half));
    auto h = nn::tile_concat(conv3->forward(remember(at_quarter, quarter)), vector);
    if (latent.defined()) h = torch::cat({h, latent}, 1);
    const auto smallest = remember(conv4->forward(h), eighth);
    h = torch::cat({remember(up1->forward(smallest), up_quarter), at_quarter}, 1);
    h = torch::cat({remember(up2->forward(h), up_half), at_half}, 1);
    return {smallest, up3->forward(h)};
  }

  // What a rollout carries from step to step.
  struct Carried {
    Runs runs;
    Tensor state;  // [B, S], true once, at the start

    std::vector<Tensor*> tensors() {
      std::vector<Tensor*> all = {&state};
      for (auto& run : runs) all.insert(all.end(), {&run.state.h, &run.state.c});
      return all;
    }
    std::vector<kernels::PreparedConv*> convs() {
      std::vector<kernels::PreparedConv*> all;
      for (auto& run : runs)
        for (auto& conv : run.folded) all.push_back(&conv);
      return all;
    }
  };
  Carried start(const Tensor& state, const Tensor& like) const {
    return {start_memories(), state.defined() ? state : torch::zeros({like.size(0), states}, like.options())};
  }

  // The features of a step, which moves on what is carried; action [B, A] may be undefined.
  nn::TransformFeatures look(const Tensor& frame, const Tensor& action, const Tensor& latent,
                             Carried& carried) const {
    const auto shown = action.defined() ? action : torch::zeros({frame.size(0), actions}, frame.options());
    const auto vector = torch::cat({shown, carried.state}, 1);
    const auto found = features(frame, conditioned ? vector : Tensor(), latent, carried.runs);
    if (state_pred) carried.state = state_pred->forward(vector).to(torch::kFloat);
    return found;
  }

  // A step of a rollout, which moves on what is carried.
  struct Inputs {
    Tensor action, latent;
    std::vector<Tensor*> tensors() { return {&action, &latent}; }
  };
  NextFrame next(const RolloutStep& now, const Inputs& inputs, Carried& carried) const {
    const auto found = look(now.images.current, inputs.action, inputs.latent, carried);
    const auto motion = moves ? transform->estimate(found) : nn::Motion{};
    if (scratch) now.images.scratch = scratch->forward(found.last).to(torch::kFloat).sigmoid();
    NextFrame next{.image = compose(candidates, now.images, motion)};
    const auto blended = kernels::blend(next.image.candidates, masks->forward(found.last));
    next.image.frame = blended.frame;
    next.masks = blended.masks;
    if (now.pixels != nullptr) next.pixels = compose_pixels(candidates, *now.pixels, motion, blended.masks);
    if (state_pred) next.state = carried.state;
    return next;
  }

 private:
  Runs start_memories() const {
    Runs runs;
    for (const auto* memories : {&half, &quarter, &eighth, &up_quarter, &up_half})
      for (const auto& memory : *memories) runs.push_back(memory.start());
    return runs;
  }
};

AdvectionGenerator::AdvectionGenerator(const AdvectionHparams& hp, const VideoShape& shape,
                                       const AdvectionWiring& w)
    : context_frames_(hp.context_frames),
      sequence_length_(hp.sequence_length),
      shape_(shape),
      ground_truth_sampling_(ground_truth_schedule(hp.schedule_sampling_k)),
      tower_(std::make_unique<Tower>()) {
  check(hp, shape);
  auto& t = *tower_;
  const auto conv = [&](const std::string& scope, const nn::SlimConvOptions& options) {
    return nn::placed(*this, scope, std::make_shared<nn::SlimConv>(options));
  };
  const auto memories = [&](int64_t number, int64_t in, const std::vector<int64_t>& filters) {
    std::vector<Memory> all;
    for (const int64_t out : filters) {
      all.emplace_back(*this, number++, in, out);
      in = out;
    }
    return all;
  };
  const int64_t half = w.half.back(), quarter = w.quarter.back();
  const int64_t joined = (w.conditioned ? w.actions + w.states : 0) + w.latent_channels;
  const int64_t upper = w.up_quarter + half, last = w.up_half + kFirstFilters;
  t.conv1 =
      conv("scale1_conv1",
           {.in = shape.channels, .out = kFirstFilters, .kernel = 5, .stride = 2, .norm = "layer_norm1"});
  t.half = memories(1, kFirstFilters, w.half);
  t.conv2 = conv("conv2", {.in = half, .out = half, .stride = 2});
  t.quarter = memories(3, half, w.quarter);
  t.conv3 = conv("conv3", {.in = quarter, .out = quarter, .stride = 2});
  t.conv4 = conv("conv4", {.in = quarter + joined, .out = quarter, .kernel = 1});
  t.eighth = memories(5, quarter, {w.eighth});
  t.up1 = conv("convt1", {.in = w.eighth, .out = w.eighth, .stride = 2, .transposed = true});
  t.up_quarter = memories(6, w.eighth, {w.up_quarter});
  t.up2 = conv("convt2", {.in = upper, .out = upper, .stride = 2, .transposed = true});
  t.up_half = memories(7, upper, {w.up_half});
  t.up3 = conv(
      "convt3",
      {.in = last, .out = last, .stride = 2, .transposed = true, .norm = "layer_norm9", .relu = w.relu_last});
  t.moves = w.transform.used > 0;
  t.actions = w.actions;
  t.states = w.states;
  t.conditioned = w.conditioned;
  if (w.states > 0)
    t.state_pred =
        nn::placed(*this, "state_pred",
                   std::make_shared<nn::SlimDense>(nn::SlimDenseOptions{w.actions + w.states, w.states}));

  const auto head = [&](const std::string& scope, int64_t out) {
    return conv(scope, {.in = last, .out = out, .kernel = 1, .transposed = true, .relu = false});
  };
  t.candidates.push_back(still(w.first_background ? &Scene::first : &Scene::current));
  if (w.scratch && hp.transformation != nn::Advection::kDna) {
    t.scratch = head("convt4", shape.channels);
    t.candidates.push_back(still(&Scene::scratch));
  }
  if (w.transform.estimated > 0) {  // published weights have motions that are not used, too
    auto options = w.transform;
    options.smallest_channels = w.eighth;
    options.smallest_height = shape.height / kShrink;
    options.smallest_width = shape.width / kShrink;
    options.last_channels = last;
    t.transform = nn::make_advection(hp.transformation, options, *this);
    if (options.used > 0) t.candidates.push_back(moved(options.used));
  }
  int64_t masks = 0;
  for (const auto& candidate : t.candidates) masks += candidate.count;
  t.masks = head(w.mask_scope, masks);
}

AdvectionGenerator::~AdvectionGenerator() = default;

std::set<OutputKind> AdvectionGenerator::provides() const {
  return shape_.states > 0 ? std::set{OutputKind::kStates} : std::set<OutputKind>{};
}

Prediction AdvectionGenerator::roll_out(const Batch& batch, int64_t steps, const RollOut& how) const {
  const auto& tower = *tower_;
  TORCH_CHECK(!batch.actions.defined() || batch.actions.size(0) >= steps, "an action for each of the ", steps,
              " steps is needed");
  auto carried = tower.start(batch.states.defined() ? batch.states[0] : Tensor(), batch.images[0]);
  if (how.recompute)
    for (const auto* conv : carried.convs()) conv->prepare();
  const auto weights = parameters();
  const auto step = [&tower](const RolloutStep& now, const Tower::Inputs& inputs, Tower::Carried& last) {
    return tower.next(now, inputs, last);
  };
  return unroll(Reel(batch.images.unbind(0), unbound(batch.pix_distribs), context_frames_, {}),
                {.steps = steps,
                 .context = context_frames_,
                 .feed_truth = how.feed_truth,
                 .feed_true_pixels = false,  // as published
                 .details = how.details},
                [&](const RolloutStep& now) {
                  const auto action = batch.actions.defined() ? batch.actions[now.step] : Tensor();
                  const Tower::Inputs inputs{action, latent_of(how.latents, now.step)};
                  return how.recompute ? recomputed_step(now, inputs, carried, weights, step)
                                       : step(now, inputs, carried);
                });
}

Tensor AdvectionGenerator::sample_ground_truth(const StepContext& now, const std::string& draw,
                                               int64_t batch) const {
  if (!now.ground_truth_sampling.defined() || training_steps() <= context_frames_) return {};
  std::vector<Tensor> rows;
  for (int64_t t = context_frames_; t < training_steps(); ++t)
    rows.push_back(now.noise.choice(concat(draw, "_t", t), batch, now.ground_truth_sampling));
  return torch::stack(rows);
}

GeneratorOutput AdvectionGenerator::forward(const Batch& batch, const StepContext& now) {
  GeneratorOutput output;
  output.prior = roll_out(batch, training_steps(),
                          {.feed_truth = sample_ground_truth(now, "shuffle", batch.batch_size()),
                           .details = now.details,
                           .recompute = now.recompute});
  return output;
}

// What is carried after the frames shown is the same for all samples, unless they draw latents: it is kept
// for the draws of the last call.
class AdvectionGenerator::Scenes : public Continuation {
 public:
  Scenes(const AdvectionGenerator& model, const Batch& batch, int64_t shown)
      : model_(model), shown_(batch, shown, {.actions = model.shape_.actions}) {
    if (batch.states.defined()) first_state_ = batch.states[0];
  }

  void observe(const Batch& next) override { shown_.add(next); }

  Prediction imagine(const Tensor& actions, int64_t length, RolloutNoise& noise) override {
    const torch::NoGradGuard no_grad;
    const int64_t videos = shown_.videos(), samples = noise.rollouts().samples;
    const int64_t plans = count_plans(actions, videos), copies = samples * plans;
    const int64_t known = shown_.known_steps();
    const auto latents = model_.prior_latents(known + length, samples * videos, noise);
    const auto every_action = shown_.with_actions ? repeat_plans(actions, videos, samples) : Tensor();
    auto carried = widened(warmed(latents, noise), latents.defined() ? plans : copies);
    Reel reel(shown_.images, shown_.pix_distribs, known + 1, {});
    reel.widen(copies);
    return unroll(std::move(reel), {.steps = length, .first = known}, [&](const RolloutStep& now) {
      const auto action = every_action.defined() ? every_action[now.step - known] : Tensor();
      const auto latent = repeat_batch(latent_of(latents, now.step), plans);
      return model_.tower_->next(now, {action, latent}, carried);
    });
  }

 private:
  static Tower::Carried widened(Tower::Carried carried, int64_t copies) {
    carried.state = repeat_batch(carried.state, copies);
    for (auto& run : carried.runs)
      run.state = {repeat_batch(run.state.h, copies), repeat_batch(run.state.c, copies)};
    return carried;
  }

  // What is carried after all steps whose next frame is known.
  const Tower::Carried& warmed(const Tensor& latents, const RolloutNoise& noise) {
    const int64_t copies = latents.defined() ? noise.rollouts().samples : 1;
    const auto key = latents.defined() ? WarmKey{noise.seed(), noise.rollouts()} : WarmKey{};
    if (warm_.runs.empty() || !(key == warm_key_)) {
      warm_ = model_.tower_->start(repeat_batch(first_state_, copies),
                                   repeat_batch(shown_.images.front(), copies));
      warm_key_ = key;
      warm_steps_ = 0;
    }
    for (; warm_steps_ < shown_.known_steps(); ++warm_steps_)
      model_.tower_->look(
          repeat_batch(shown_.images[warm_steps_], copies),
          shown_.actions.empty() ? Tensor() : repeat_batch(shown_.actions[warm_steps_], copies),
          latent_of(latents, warm_steps_), warm_);
    return warm_;
  }

  const AdvectionGenerator& model_;
  ShownFrames shown_;
  Tensor first_state_;
  Tower::Carried warm_;  // of the draws in warm_key_
  WarmKey warm_key_;
  int64_t warm_steps_ = 0;
};

std::unique_ptr<Continuation> AdvectionGenerator::start(const Batch& batch, int64_t shown) {
  TORCH_CHECK(shown >= context_frames_ && batch.images.size(0) >= shown, batch.images.size(0),
              " frames given, ", shown, " shown, at least ", context_frames_, " needed");
  return std::make_unique<Scenes>(*this, batch, shown);
}

}  // namespace savp
