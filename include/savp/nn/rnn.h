// Recurrent cells on vectors, unrolled over a whole sequence: the latents' memory.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>

#include "savp/core/hparams.h"
#include "savp/core/video.h"

namespace savp::nn {

enum class RnnKind { kLstm, kGru };

class Rnn : public torch::nn::Module {
 public:
  // [T, B, in] -> the outputs of all steps, [T, B, units]; starts from zeros, or from initial (see
  // initial_sizes).
  virtual Tensor forward(const Tensor& sequence) = 0;
};

// "lstm", and the cell's scope below it in the published checkpoints.
struct RnnVariant {
  std::string prefix;
  std::string scope;
  std::shared_ptr<Rnn> (*make)(int64_t in, int64_t units);
};
const RnnVariant& rnn_variant(RnnKind kind);

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::RnnKind> {
  static constexpr std::pair<nn::RnnKind, const char*> kTable[] = {{nn::RnnKind::kLstm, "lstm"},
                                                                   {nn::RnnKind::kGru, "gru"}};
};
}  // namespace savp
