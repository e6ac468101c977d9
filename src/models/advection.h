// The video predictor of Finn, Goodfellow and Levine 2016 (arXiv 1605.07157): a tower of convolutional LSTMs
// estimates how the pixels of the last frame move, and masks compose the next frame. The models dna, sna and
// sv2p are variants.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/model_hparams.h"
#include "core/schedule.h"
#include "models/generator.h"
#include "nn/transforms/advection.h"

namespace savp {

struct AdvectionHparams : TrainHparams {
  using Self = AdvectionHparams;
  AdvectionHparams() { batch_size = 32; }
  HPARAM(nn::Advection, transformation, nn::Advection::kCdna, "how pixels move between frames");
  HPARAM(int64_t, num_masks, 10, "moved frames to compose from (dna: 1)", (Between{1, limits::kCopies}));
  HPARAM(double, schedule_sampling_k, 900.0,
         "speed at which true frames after the context give way to generated ones in training (steps); -1: "
         "never fed",
         (AtLeastOr{1, -1}));
};

// What the variants differ in.
struct AdvectionWiring {
  std::vector<int64_t> half, quarter;   // filters of the LSTMs at half and at a quarter of the picture's size
  int64_t eighth, up_quarter, up_half;  // and of those below and on the way up
  bool relu_last = true;                // a nonlinearity behind the last layer
  bool first_background = false;        // compose with the first frame instead of the previous one
  bool scratch = true;                  // compose with a frame made from nothing (not with dna)
  std::string mask_scope = "convt7";
  nn::AdvectionOptions transform;   // kernel size, counts and names
  int64_t actions = 0, states = 0;  // numbers a step: what the next state is predicted from
  bool conditioned = false;         // whether the tower sees them
  int64_t latent_channels = 0;      // joined to its smallest layer

  // The tower sees the actions and states that the data has.
  void see(const VideoShape& shape) {
    actions = shape.actions;
    states = shape.states;
    conditioned = actions + states > 0;
  }
};

class AdvectionGenerator : public Generator {
 public:
  ~AdvectionGenerator() override;
  GeneratorOutput forward(const Batch& batch, const StepContext& now) override;
  std::unique_ptr<Continuation> start(const Batch& batch, int64_t shown) override;
  bool stochastic() const override { return false; }
  std::set<OutputKind> provides() const override;
  double ground_truth_sampling(int64_t step) const override { return ground_truth_sampling_(step); }

 protected:
  AdvectionGenerator(const AdvectionHparams& hparams, const VideoShape& shape, const AdvectionWiring& wiring);

  struct RollOut {
    Tensor latents;     // [steps or 1, B, Z, H / 8, W / 8]; undefined: none
    Tensor feed_truth;  // bool [steps - context, B]; undefined: never
    bool details = false;
    bool recompute = false;  // activations of a step are made again in backward
  };
  Prediction roll_out(const Batch& batch, int64_t steps, const RollOut& how) const;

  // Exactly the share of the batch that the probability says, rounded to the even number, drawn anew at
  // each step ("<draw>_t<step>"). Undefined: never.
  Tensor sample_ground_truth(const StepContext& now, const std::string& draw, int64_t batch) const;

  // Latents for predictions, [steps or 1, rollouts, Z, H / 8, W / 8]; undefined: none.
  virtual Tensor prior_latents(int64_t /*steps*/, int64_t /*rollouts*/, Noise& /*noise*/) const { return {}; }

  int64_t training_steps() const { return sequence_length_ - 1; }
  const VideoShape& shape() const { return shape_; }

 private:
  struct Tower;
  class Scenes;

  int64_t context_frames_, sequence_length_;
  VideoShape shape_;
  Schedule ground_truth_sampling_;
  std::unique_ptr<Tower> tower_;
};

}  // namespace savp
