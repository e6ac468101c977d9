#include "models/advection.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "core/error.h"
#include "models/composition.h"
#include "models/size_remedy.h"
#include "models/track.h"
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

  // The next frame, and the next pixel distributions where there are some.
  struct Composed {
    Composition image, pixels;
    Tensor masks;
  };
  Composed next(const nn::TransformFeatures& found, Scene& images, Scene* pixels) const {
    const auto motion = moves ? transform->estimate(found) : nn::Motion{};
    if (scratch) images.scratch = scratch->forward(found.last).to(torch::kFloat).sigmoid();
    Composed composed{.image = compose(candidates, images, motion), .pixels = {}, .masks = {}};
    const auto blended = blend_by_logits(composed.image.candidates, masks->forward(found.last));
    composed.image.frame = blended.frame;
    composed.masks = blended.masks;
    if (pixels != nullptr) composed.pixels = compose_pixels(candidates, *pixels, motion, blended.masks);
    return composed;
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
  Track images(batch.images.unbind(0), context_frames_, {});
  std::optional<Track> pixels;
  if (batch.pix_distribs.defined())
    pixels.emplace(batch.pix_distribs.unbind(0), context_frames_, Track::Kept{});
  Record frames, states, distributions, masks, candidates, pixel_candidates;
  for (int64_t t = 0; t < steps; ++t) {
    const auto feed_truth =
        t >= context_frames_ && how.feed_truth.defined() ? how.feed_truth[t - context_frames_] : Tensor();
    const auto action = batch.actions.defined() ? batch.actions[t] : Tensor();
    auto& scene = images.advance(t, feed_truth);
    const auto found = tower.look(scene.current, action, latent_of(how.latents, t), carried);
    const auto next = tower.next(found, scene, pixels ? &pixels->advance(t) : nullptr);
    images.set_generated(next.image.frame);
    frames.add(next.image.frame);
    if (tower.state_pred) states.add(carried.state);
    if (pixels) {
      pixels->set_generated(next.pixels.frame);
      distributions.add(next.pixels.frame);
    }
    if (!how.details) continue;
    masks.add(next.masks);
    candidates.add(next.image.candidates);
    pixel_candidates.add(next.pixels.candidates);
  }
  return {frames.stacked(), states.stacked(),     distributions.stacked(),    {},
          masks.stacked(),  candidates.stacked(), pixel_candidates.stacked(), {}};
}

Tensor AdvectionGenerator::sample_ground_truth(const StepContext& now, const std::string& draw,
                                               int64_t batch) const {
  if (!now.ground_truth_sampling.defined() || training_steps() <= context_frames_) return {};
  const auto count = (now.ground_truth_sampling * batch).round();
  std::vector<Tensor> rows;
  for (int64_t t = context_frames_; t < training_steps(); ++t)
    rows.push_back(now.noise.permutation(concat(draw, "_t", t), batch).argsort() < count);
  return torch::stack(rows);
}

GeneratorOutput AdvectionGenerator::forward(const Batch& batch, const StepContext& now) {
  GeneratorOutput output;
  output.prior = roll_out(
      batch, training_steps(),
      {.feed_truth = sample_ground_truth(now, "shuffle", batch.batch_size()), .details = now.details});
  return output;
}

Prediction AdvectionGenerator::predict(const Batch& batch, int64_t length, int64_t samples, Noise& noise) {
  torch::NoGradGuard no_grad;
  const auto latents = prior_latents(length - 1, samples * batch.batch_size(), noise);
  if (latents.defined()) return roll_out(repeat_videos(batch, samples), length - 1, {.latents = latents});
  const auto once = roll_out(batch, length - 1, {});
  Prediction all;
  all.images = repeat_axis1(once.images, samples);
  all.states = repeat_axis1(once.states, samples);
  all.pix_distribs = repeat_axis1(once.pix_distribs, samples);
  return all;
}

// What is carried after the frames shown is the same for all samples, unless they draw latents: it is kept
// for the draws of the last call.
class AdvectionGenerator::Shown : public Continuation {
 public:
  Shown(const AdvectionGenerator& model, const Batch& batch, int64_t shown) : model_(model) {
    images_ = batch.images.narrow(0, 0, shown).unbind(0);
    if (batch.pix_distribs.defined()) pix_distribs_ = batch.pix_distribs.narrow(0, 0, shown).unbind(0);
    if (batch.states.defined()) first_state_ = batch.states[0];
    with_actions_ = model.shape_.actions > 0;
    if (with_actions_ && shown > 1) actions_ = batch.actions.narrow(0, 0, shown - 1).unbind(0);
  }

  void observe(const Batch& next) override {
    TORCH_CHECK(next.images.size(0) == 1 && next.images[0].sizes() == images_.front().sizes(), "frames ",
                next.images.sizes(), " after frames ", images_.front().sizes());
    images_.push_back(next.images[0]);
    if (!pix_distribs_.empty()) pix_distribs_.push_back(next.pix_distribs[0]);
    if (with_actions_) actions_.push_back(next.actions[0]);
  }

  Prediction imagine(const Tensor& actions, int64_t length, RolloutNoise& noise) override {
    const torch::NoGradGuard no_grad;
    const auto& tower = *model_.tower_;
    const int64_t samples = noise.rollouts().samples, plans = count_plans(actions, videos());
    const int64_t copies = samples * plans, known = known_steps();
    const auto latents = model_.prior_latents(known + length, samples * videos(), noise);
    auto carried = widened(warmed(latents, noise), latents.defined() ? plans : copies);
    auto images = track(images_, copies);
    std::optional<Track> pixels;
    if (!pix_distribs_.empty()) pixels = track(pix_distribs_, copies);
    const auto every_action = with_actions_ ? repeat_plans(actions, videos(), samples) : Tensor();
    Record frames, states, distributions;
    for (int64_t t = 0; t < length; ++t) {
      auto& scene = images.advance(known + t);
      const auto found = tower.look(scene.current, every_action.defined() ? every_action[t] : Tensor(),
                                    repeat_batch(latent_of(latents, known + t), plans), carried);
      const auto next = tower.next(found, scene, pixels ? &pixels->advance(known + t) : nullptr);
      images.set_generated(next.image.frame);
      if (pixels) pixels->set_generated(next.pixels.frame);
      frames.add(next.image.frame);
      if (tower.state_pred) states.add(carried.state);
      distributions.add(next.pixels.frame);
    }
    return {frames.stacked(), states.stacked(), distributions.stacked(), {}, {}, {}, {}, {}};
  }

 private:
  int64_t videos() const { return images_.front().size(0); }
  int64_t known_steps() const { return static_cast<int64_t>(images_.size()) - 1; }

  Track track(const std::vector<Tensor>& truth, int64_t copies) const {
    Track track(truth, known_steps() + 1, {});
    track.widen(copies);
    return track;
  }

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
      warm_ = model_.tower_->start(repeat_batch(first_state_, copies), repeat_batch(images_.front(), copies));
      warm_key_ = key;
      warm_steps_ = 0;
    }
    for (; warm_steps_ < known_steps(); ++warm_steps_)
      model_.tower_->look(repeat_batch(images_[warm_steps_], copies),
                          actions_.empty() ? Tensor() : repeat_batch(actions_[warm_steps_], copies),
                          latent_of(latents, warm_steps_), warm_);
    return warm_;
  }

  const AdvectionGenerator& model_;
  std::vector<Tensor> images_, pix_distribs_, actions_;  // [B, ...] each
  Tensor first_state_;
  bool with_actions_;
  Tower::Carried warm_;  // of the draws in warm_key_
  WarmKey warm_key_;
  int64_t warm_steps_ = 0;
};

std::unique_ptr<Continuation> AdvectionGenerator::start(const Batch& batch, int64_t shown) {
  TORCH_CHECK(shown >= context_frames_ && batch.images.size(0) >= shown, batch.images.size(0),
              " frames given, ", shown, " shown, at least ", context_frames_, " needed");
  return std::make_unique<Shown>(*this, batch, shown);
}

}  // namespace savp
