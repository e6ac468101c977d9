// Convolutional recurrent cells.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "savp/core/hparams.h"
#include "savp/core/video.h"
#include "savp/kernels/prepared_conv.h"
#include "savp/nn/layers.h"

namespace savp::nn {

// What a cell carries from step to step; h is also its output. The GRU has no c.
struct ConvState {
  Tensor h, c;  // [B, F, H, W]
};

struct ConvRnnOptions {
  int64_t in, filters;
  int64_t kernel = 5;  // side, odd
  NormLayer norm =
      NormLayer::kInstance;     // of the gates and of the new state; with kNone the convolution has a bias
  bool separate_norms = false;  // a norm for each gate instead of one for all
};

class ConvRnn : public torch::nn::Module {
 public:
  explicit ConvRnn(int64_t filters) : filters_(filters) {}
  // All zeros, for images of the size of x [B, C, H, W].
  virtual ConvState zero_state(const Tensor& x) const;
  // The convolutions of a roll-out, see ConvLayer::fold.
  using Folded = std::vector<kernels::PreparedConv>;
  virtual Folded fold(int64_t uses) const = 0;
  // input [B, in, H, W], state -> the next state.
  virtual ConvState forward(const Tensor& input, const ConvState& last, const Folded& folded) = 0;

 protected:
  int64_t filters_;
};

enum class ConvRnnKind { kLstm, kGru };
struct ConvRnnVariant {
  std::string prefix;  // "lstm"
  std::string scope;   // of the cell's variables below it
  std::shared_ptr<ConvRnn> (*make)(const ConvRnnOptions&);
};
const ConvRnnVariant& conv_rnn_variant(ConvRnnKind kind);

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::ConvRnnKind> {
  static constexpr std::pair<nn::ConvRnnKind, const char*> kTable[] = {{nn::ConvRnnKind::kLstm, "lstm"},
                                                                       {nn::ConvRnnKind::kGru, "gru"}};
};
}  // namespace savp
