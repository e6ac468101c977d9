// Convolutional recurrent cells.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "core/video.h"
#include "kernels/prepared_conv.h"
#include "nn/layers.h"

namespace savp::nn {

// What a cell carries from step to step. The GRU has no c.
struct ConvState {
  Tensor h, c;  // [B, F, H, W]
};

// A tensor that a cell carries, and its channels.
struct ConvStatePart {
  Tensor ConvState::*tensor;
  int64_t channels;
};

struct ConvRnnOptions {
  int64_t in, filters;
  int64_t kernel = 5;  // side, odd
  NormLayer norm =
      NormLayer::kInstance;      // of the gates and of the new state; with kNone the convolution has a bias
  bool separate_norms = false;   // a norm for each gate instead of one for all
  int64_t vector = 0;            // numbers seen besides pictures, through dense weights of their own
  bool skip_connection = false;  // the input is part of the output (LSTM only)
};

class ConvRnn : public torch::nn::Module {
 public:
  // What it carries, in the order of the published checkpoints; nothing for a cell without memory.
  virtual std::vector<ConvStatePart> state_parts() const = 0;
  // The convolutions of a rollout, see ConvLayer::fold; uses as in kernels::PreparedConvOptions.
  using Folded = std::vector<kernels::PreparedConv>;
  virtual Folded fold(int64_t uses) const = 0;
  // input [B, in, H, W], vector [B, V] (undefined without), last state -> output [B, F, H, W], next state.
  struct Step {
    Tensor output;
    ConvState state;
  };
  virtual Step forward(const Tensor& input, const Tensor& vector, const ConvState& last,
                       const Folded& folded) = 0;
};

enum class ConvRnnKind { kLstm, kGru };
struct ConvRnnVariant {
  std::string prefix;  // "lstm"
  std::string scope;   // of the cell's variables below it
  std::shared_ptr<ConvRnn> (*make)(const ConvRnnOptions&);
};
const ConvRnnVariant& conv_rnn_variant(ConvRnnKind kind);

// Ablations. A cell without norms inside, whose output alone is normalised:
std::shared_ptr<ConvRnn> make_normed_outside(ConvRnnKind kind, const ConvRnnOptions& options);
// A convolution, a norm and a nonlinearity in the place of a cell:
std::shared_ptr<ConvRnn> make_memoryless(const ConvRnnOptions& options, ActivationLayer activation);

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::ConvRnnKind> {
  static constexpr std::pair<nn::ConvRnnKind, const char*> kTable[] = {{nn::ConvRnnKind::kLstm, "lstm"},
                                                                       {nn::ConvRnnKind::kGru, "gru"}};
};
}  // namespace savp
