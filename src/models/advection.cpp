#include "models/advection.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "composition.h"
#include "core/error.h"
#include "nn/slim_layers.h"
#include "size_remedy.h"

namespace savp {
namespace {

constexpr int64_t kFirstFilters = 32;
constexpr int64_t kShrink = 8;  // how much smaller than a frame the smallest layer is

void check(const AdvectionHparams& hp, const VideoShape& shape) {
  SAVP_CHECK(hp.transformation != nn::Advection::kDna || hp.num_masks == 1, UsageError,
             "num_masks=", hp.num_masks,
             ": transformation=dna moves every pixel once, so that there is 1 moved frame");
  SAVP_CHECK(shape.height % kShrink == 0 && shape.width % kShrink == 0, UsageError, "pictures of ",
             shape.height, "x", shape.width,
             " pixels cannot be halved 3 times: both sides must be multiples of ", kShrink, kSizeRemedy);
}

Schedule ground_truth_schedule(double k) {
  return k == -1.0 ? schedule::constant(0.0) : schedule::inverse_sigmoid(k, /*begin=*/0);
}

Tensor repeat_axis1(const Tensor& x, int64_t copies) {
  if (!x.defined() || copies == 1) return x;
  std::vector<int64_t> times(x.dim(), 1);
  times[1] = copies;
  return x.repeat(times);
}

// An LSTM and the norm of its output.
class Memory {
 public:
  Memory(torch::nn::Module& root, int64_t number, int64_t in, int64_t filters)
      : cell_(nn::place_slim_lstm(root, concat("state", number), in, filters)),
        norm_(nn::placed(root, concat("layer_norm", number + 1),
                         nn::make_norm(nn::NormLayer::kLayer, filters))) {}

  // A roll-out through it: what it carries, and its prepared convolution.
  struct Run {
    nn::ConvState state;
    nn::ConvRnn::Folded folded;
  };
  // Not by Winograd's way: its rounding flips signs behind these models' many ReLUs, and the gradients show
  // it.
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

  Runs start() const {
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
  const auto zeros = [&](int64_t numbers) {
    return torch::zeros({batch.batch_size(), numbers}, batch.images.options());
  };
  auto runs = tower.start();
  Scene images, pixels;
  images.first = batch.images[0];
  if (batch.pix_distribs.defined()) pixels.first = batch.pix_distribs[0];
  // The state is true once, at the start.
  auto state = batch.states.defined() ? batch.states[0] : zeros(tower.states);
  Tensor generated, generated_pixels;
  std::vector<Tensor> frames, states, distributions, masks, candidates, pixel_candidates;
  for (int64_t t = 0; t < steps; ++t) {
    images.current = t < context_frames_ ? batch.images[t] : generated;
    if (t >= context_frames_ && how.feed_truth.defined())
      images.current =
          torch::where(how.feed_truth[t - context_frames_].view({-1, 1, 1, 1}), batch.images[t], generated);
    images.last = {images.current};
    const auto vector =
        torch::cat({batch.actions.defined() ? batch.actions[t] : zeros(tower.actions), state}, 1);
    const auto latent = how.latents.defined() ? how.latents[how.latents.size(0) == 1 ? 0 : t] : Tensor();
    const auto features = tower.features(images.current, tower.conditioned ? vector : Tensor(), latent, runs);
    const auto motion = tower.moves ? tower.transform->estimate(features) : nn::Motion{};
    if (tower.scratch) images.scratch = tower.scratch->forward(features.last).to(torch::kFloat).sigmoid();
    const auto composed = compose(tower.candidates, images, motion);
    const auto blended = blend_by_logits(composed.candidates, tower.masks->forward(features.last));
    const auto& mask = blended.masks;
    generated = blended.frame;
    frames.push_back(generated);
    if (tower.state_pred) states.push_back(state = tower.state_pred->forward(vector).to(torch::kFloat));
    if (how.details) {
      masks.push_back(mask);
      candidates.push_back(composed.candidates);
    }
    if (!pixels.first.defined()) continue;
    pixels.current = t < context_frames_ ? batch.pix_distribs[t] : generated_pixels;
    pixels.last = {pixels.current};
    const auto composed_pixels = compose_pixels(tower.candidates, pixels, motion, mask);
    generated_pixels = composed_pixels.frame;
    distributions.push_back(generated_pixels);
    if (how.details) pixel_candidates.push_back(composed_pixels.candidates);
  }
  const auto stacked = [](const std::vector<Tensor>& all) {
    return all.empty() ? Tensor() : torch::stack(all);
  };
  return {stacked(frames), stacked(states),     stacked(distributions),    {},
          stacked(masks),  stacked(candidates), stacked(pixel_candidates), {}};
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

Prediction AdvectionGenerator::predict(const Batch& batch, int64_t length, int64_t samples,
                                       Noise& /*noise*/) {
  torch::NoGradGuard no_grad;
  const auto once = roll_out(batch, length - 1, {});
  Prediction all;
  all.images = repeat_axis1(once.images, samples);
  all.states = repeat_axis1(once.states, samples);
  all.pix_distribs = repeat_axis1(once.pix_distribs, samples);
  return all;
}

Batch repeat_videos(const Batch& batch, int64_t copies) {
  return {repeat_axis1(batch.images, copies), repeat_axis1(batch.actions, copies),
          repeat_axis1(batch.states, copies), repeat_axis1(batch.pix_distribs, copies)};
}

}  // namespace savp
