// A model's variables by the names that checkpoints have for them, ours as TensorFlow's. Saving, restoring,
// training and predicting all name them here.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace savp {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

inline constexpr const char *kGeneratorScope = "generator", *kDiscriminatorScope = "discriminator";
inline constexpr const char* kGlobalStep = "global_step";  // int64, 0-dim
inline constexpr const char* kNoiseState = "noise_state";  // bytes: where the draws were; ours alone
// In TensorFlow's checkpoints that we write: bytes, a JSON object of what is metadata in ours.
inline constexpr const char* kMetadataVariable = "savp_metadata";

// "generator/rnn/savp_cell/h0/conv_pool2d/kernel" of the module's "rnn.savp_cell.h0.conv_pool2d.kernel".
std::string variable_name(const std::string& scope, const std::string& dotted);

// The live tensors of a module.
NamedTensors named_parameters(const std::string& scope, const torch::nn::Module& module);
NamedTensors named_buffers(const std::string& scope, const torch::nn::Module& module);

// Of an optimizer's state: the moments of "<variable>" are "<variable>/Adam" and "<variable>/Adam_1", its
// powers "g_apply_gradients/beta1_power" and so on, by the scope of what it trains.
std::string optimizer_scope(const std::string& scope);

// The running average of a variable (TensorFlow's name for it), and whether a name is one of those.
std::string average_name(const std::string& variable);
bool is_average(std::string_view name);

// The part of a checkpoint that a variable belongs to, as messages call it. A part is there as a whole or not
// at all: the generator, each discriminator, the state of either optimizer, the averaged weights.
struct Part {
  enum class Kind { kGenerator, kDiscriminator, kOptimizer, kOther };
  Kind kind;
  std::string scope;  // "generator"; "discriminator/video"; of an optimizer that of what it trains
  std::string name;   // "discriminator/video", "the generator's optimizer (Adam)"

  bool operator<(const Part& other) const { return name < other.name; }
  bool operator==(const Part& other) const { return name == other.name; }
};
Part part_of(std::string_view variable);

}  // namespace savp
