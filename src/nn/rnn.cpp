#include "nn/rnn.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <utility>
#include <vector>

#include "core/table.h"
#include "nn/layers.h"

namespace savp::nn {
namespace {

// Gates in TensorFlow's order i, j, f, o; forget bias 1 (Hochreiter & Schmidhuber 1997).
class Lstm : public Rnn {
 public:
  Lstm(int64_t in, int64_t units)
      : Rnn(units),
        kernel(register_parameter("kernel", glorot_uniform(in + units, 4 * units))),
        bias(register_parameter("bias", torch::zeros({4 * units}))),
        in_(in) {}

  std::vector<Tensor RnnState::*> state_parts() const override { return {&RnnState::c, &RnnState::h}; }

  Unrolled unroll(const Tensor& sequence, const RnnState& initial) override {
    const auto from_input =
        torch::matmul(sequence, kernel.narrow(0, 0, in_)) + bias;  // [T, B, 4 units], all steps at once
    const auto recurrent = kernel.narrow(0, in_, units_);
    auto [h, c] = initial;
    std::vector<Tensor> outputs;
    for (const auto& x : from_input.unbind(0)) {
      const auto z = (x + torch::mm(h, recurrent)).chunk(4, 1);
      c = c * (z[2] + 1.0).sigmoid() + z[0].sigmoid() * z[1].tanh();
      h = c.tanh() * z[3].sigmoid();
      outputs.push_back(h);
    }
    return {torch::stack(outputs), {h, c}};
  }

  Tensor kernel, bias;

 private:
  int64_t in_;
};

// TensorFlow's GRU: gates r, u; the candidate sees r * h (Cho et al. 2014).
class Gru : public Rnn {
 public:
  Gru(int64_t in, int64_t units) : Rnn(units) {
    const auto part = [&](const std::string& scope, int64_t out, double bias) {
      auto dense = std::make_shared<Dense>(DenseOptions{in + units, out});
      torch::NoGradGuard no_grad;
      dense->kernel.copy_(glorot_uniform(in + units, out));
      dense->bias.fill_(bias);
      return register_module(scope, dense);
    };
    gates_ = part("gates", 2 * units, 1.0);
    candidate_ = part("candidate", units, 0.0);
  }

  std::vector<Tensor RnnState::*> state_parts() const override { return {&RnnState::h}; }

  Unrolled unroll(const Tensor& sequence, const RnnState& initial) override {
    auto h = initial.h;
    std::vector<Tensor> outputs;
    for (const auto& x : sequence.unbind(0)) {
      const auto z = gates_->forward(torch::cat({x, h}, 1)).sigmoid().chunk(2, 1);
      const auto c = candidate_->forward(torch::cat({x, z[0] * h}, 1)).tanh();
      h = z[1] * h + (1.0 - z[1]) * c;
      outputs.push_back(h);
    }
    return {torch::stack(outputs), {h, {}}};
  }

 private:
  std::shared_ptr<Dense> gates_, candidate_;
};

class Memoryless : public Rnn {
 public:
  Memoryless(int64_t in, int64_t units)
      : Rnn(units), dense_(register_module("dense", std::make_shared<Dense>(DenseOptions{in, units}))) {}

  std::vector<Tensor RnnState::*> state_parts() const override { return {}; }
  Unrolled unroll(const Tensor& sequence, const RnnState& /*initial*/) override {
    return {dense_->forward(sequence).tanh(), {}};
  }

 private:
  std::shared_ptr<Dense> dense_;
};

template <class R>
std::shared_ptr<Rnn> make(int64_t in, int64_t units) {
  return std::make_shared<R>(in, units);
}

}  // namespace

Tensor Rnn::forward(const Tensor& sequence) {
  const auto zeros = torch::zeros({sequence.size(1), units_}, sequence.options());
  return unroll(sequence, {zeros, zeros}).outputs;
}

std::shared_ptr<Rnn> make_memoryless_rnn(int64_t in, int64_t units) { return make<Memoryless>(in, units); }

const RnnVariant& rnn_variant(RnnKind kind) {
  static const std::pair<RnnKind, RnnVariant> kVariants[] = {
      {RnnKind::kLstm, {"lstm", "basic_lstm_cell", make<Lstm>}},
      {RnnKind::kGru, {"gru", "gru_cell", make<Gru>}}};
  return row_of(kVariants, kind);
}

}  // namespace savp::nn
