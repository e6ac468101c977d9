// What the SAVP generator is made of, for training (savp.cpp) and for predicting (savp_prediction.cpp).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "models/savp.h"
#include "models/savp_cell.h"
#include "models/track.h"
#include "models/unroll.h"

namespace savp {

// The recurrent states of the first step: zeros, or learned.
class InitialStates {
 public:
  InitialStates(torch::nn::Module& generator, const SavpCell& cell, const nn::Rnn* rnn_z, bool learned);

  SavpCell::States pictures(int64_t batch, const Tensor& like) const;
  nn::RnnState latents(int64_t batch, const Tensor& like) const;

 private:
  struct Variable;
  struct Value {
    std::vector<int64_t> shape;
    std::shared_ptr<Variable> learned;  // may be missing
  };
  void add(torch::nn::Module& generator, std::vector<int64_t> shape, bool learned);
  Tensor state(size_t index, int64_t batch, const Tensor& like) const;

  std::vector<SavpCell::Memory> memories_;
  std::vector<Tensor nn::RnnState::*> latent_parts_;
  std::vector<Value> values_;
};

struct SavpGenerator::Networks {
  std::shared_ptr<nn::LatentEncoder> posterior, prior;  // the latter if it is learned
  std::shared_ptr<SavpCell> cell;
  std::shared_ptr<nn::Rnn> rnn_z;
  std::shared_ptr<nn::Dense> state_pred;
  std::optional<InitialStates> initial_states;
};

// Latents of `copies` rollouts over the same videos, of which the first `shared` steps are the same.
struct SavpGenerator::Latents {
  Tensor zs;          // [steps, copies * B, nz]; undefined for a deterministic model
  Tensor feed_truth;  // bool [steps - context, copies * B]; undefined: never
  int64_t copies = 1;
  int64_t shared = 0;
};

// What a step sees beside pictures, [B, ...] each; undefined where the model has none.
struct SavpGenerator::StepInputs {
  Tensor action, state, z;

  std::vector<Tensor*> tensors() { return {&action, &state, &z}; }
};
struct SavpGenerator::Condition {
  Tensor vector;      // [B, Z], for the cell
  Tensor next_state;  // [B, S]
};

// What a rollout carries from step to step.
struct SavpGenerator::Carried {
  SavpCell::Folded folded;
  SavpCell::States states;
  Tensor state;  // [B, S], as the model has predicted it

  // For `copies` times as many rollouts.
  void widen(int64_t copies);
  std::vector<Tensor*> tensors();
  std::vector<kernels::PreparedConv*> convs();
};

// What training wants of a rollout.
struct SavpGenerator::Wanted {
  bool details = false;    // how frames were composed
  bool recompute = false;  // activations of a step are made again in backward
};

// What can be composed from, by the hyperparameters.
inline Track::Kept kept(const SavpHparams& hparams) { return {hparams.last_frames, hparams.context_frames}; }

Tensor draw_from(const Gaussian& gaussian, const Tensor& eps);

}  // namespace savp
