// The predicting part of a model as a program of its own: the operators of one rollout, recorded
// as TorchScript.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "inference/open_model.h"

namespace savp {

// What a program takes; S futures of each of B videos, T = sequence_length. Undefined: the model takes none.
struct RolloutInputs {
  Tensor frames;   // [context_frames, B, C, H, W], 0 to 1
  Tensor actions;  // [T - 1, B, A], action t leads from frame t to t + 1
  Tensor states;   // [context_frames, B, R]
  Tensor noise;    // [draws, S * B, ...], standard normal; future s of video b has index s * B + b
};

// Those that are there, by name, in the order of a program's arguments.
std::vector<std::pair<std::string, Tensor>> named_inputs(const RolloutInputs& inputs);

// Pseudo-random ones that a model on the CPU takes. Only a stochastic model takes noise, and can have
// several futures.
RolloutInputs random_inputs(const OpenModel& model, int64_t videos, int64_t futures, uint64_t seed);

// The frames after the context, [T - context_frames, S * B, C, H, W], 0 to 1.
Tensor predicted_frames(const OpenModel& model, const RolloutInputs& inputs);

// predicted_frames() as a TorchScript file's bytes, for inputs of the same sizes; `description` is stored as
// its extra file "savp.json". It is loaded again, and gives the same for other inputs. The model must be on
// the CPU and have weights, which afterwards need no gradients.
std::string traced_rollout(const OpenModel& model, const RolloutInputs& example,
                           const std::string& description);

}  // namespace savp
