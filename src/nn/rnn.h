// Recurrent cells on vectors, unrolled over a whole sequence: the latents' memory.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "core/hparams.h"
#include "core/video.h"

namespace savp::nn {

enum class RnnKind { kLstm, kGru };

// What a cell carries from step to step, [B, units]; the GRU has no c.
struct RnnState {
  Tensor h, c;
};

class Rnn : public torch::nn::Module {
 public:
  // What it carries, in the order of the published checkpoints; nothing for a layer without memory.
  virtual std::vector<Tensor RnnState::*> state_parts() const = 0;
  int64_t units() const { return units_; }

  // The outputs of all steps, [T, B, units], and the state after the last one.
  struct Unrolled {
    Tensor outputs;
    RnnState last;
  };
  virtual Unrolled unroll(const Tensor& sequence, const RnnState& initial) = 0;

  // [T, B, in] -> the outputs of all steps, starting from zeros.
  Tensor forward(const Tensor& sequence);

 protected:
  explicit Rnn(int64_t units) : units_(units) {}
  int64_t units_;
};

// "lstm", and the cell's scope below it in the published checkpoints.
struct RnnVariant {
  std::string prefix;
  std::string scope;
  std::shared_ptr<Rnn> (*make)(int64_t in, int64_t units);
};
const RnnVariant& rnn_variant(RnnKind kind);

// An ablation: a dense layer and tanh in the place of a cell.
std::shared_ptr<Rnn> make_memoryless_rnn(int64_t in, int64_t units);

}  // namespace savp::nn

namespace savp {
template <>
struct EnumNames<nn::RnnKind> {
  static constexpr std::pair<nn::RnnKind, const char*> kTable[] = {{nn::RnnKind::kLstm, "lstm"},
                                                                   {nn::RnnKind::kGru, "gru"}};
};
}  // namespace savp
