#include "nn/conv_rnn.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include <functional>
#include <utility>

#include "core/table.h"
#include "kernels/lstm_gates.h"

namespace savp::nn {
namespace {

// The norms of a cell's gates: one over all of them, or one for each.
class GateNorms {
 public:
  GateNorms(torch::nn::Module& owner, const ConvRnnOptions& o, const std::string& joint_scope,
            const std::vector<std::string>& gate_scopes, double beta) {
    if (o.norm == NormLayer::kNone) return;
    if (!o.separate_norms) {
      joint_ = placed(owner, joint_scope,
                      make_norm(o.norm, o.filters * static_cast<int64_t>(gate_scopes.size()), beta));
      return;
    }
    for (const auto& scope : gate_scopes)
      each_.push_back(placed(owner, scope, make_norm(o.norm, o.filters, beta)));
  }

  // The one norm of all gates, if it is one.
  const std::shared_ptr<Norm>& joint() const { return joint_; }

  // z [B, gates * F, H, W] -> gates x [B, F, H, W].
  std::vector<Tensor> operator()(const Tensor& z, int64_t gates) const {
    auto parts = (joint_ ? joint_->forward(z) : z).chunk(gates, 1);
    for (size_t i = 0; i < each_.size(); ++i) parts[i] = each_[i]->forward(parts[i]);
    return parts;
  }

 private:
  std::shared_ptr<Norm> joint_;
  std::vector<std::shared_ptr<Norm>> each_;
};

// A SAME convolution to gates; with a norm it has no bias.
class GateConv : public torch::nn::Module {
 public:
  GateConv(const ConvRnnOptions& o, int64_t in, int64_t out, double bias_value)
      : kernel(register_parameter("kernel", truncated_normal({out, in, o.kernel, o.kernel}, 0.02))),
        padding_(o.kernel / 2) {
    if (o.norm == NormLayer::kNone) bias = register_parameter("bias", torch::full({out}, bias_value));
    if (o.vector > 0) weights = register_parameter("weights", truncated_normal({o.vector, out}, 0.02));
  }
  kernels::PreparedConv prepare(int64_t uses) const {
    return kernels::PreparedConv(kernel, {.padding = padding_, .uses = uses});
  }
  Tensor forward(const kernels::PreparedConv& folded, const Tensor& x, const Tensor& vector) const {
    const auto z = folded(x, bias);
    return weights.defined() ? z + torch::mm(vector, weights).unsqueeze(-1).unsqueeze(-1) : z;
  }

  Tensor kernel, bias, weights;

 private:
  int64_t padding_;
};

kernels::NormWeights weights(const Norm& norm) {
  const auto parameters = norm.named_parameters(/*recurse=*/false);
  return {parameters["gamma"], parameters["beta"]};
}

// Convolutional LSTM without peepholes (Shi et al. 2015, eq. 3), gates in TensorFlow's order i, j, f, o. With
// a norm, the new cell state is normalised as well and carried on normalised.
class ConvLstm : public ConvRnn {
 public:
  explicit ConvLstm(const ConvRnnOptions& o)
      : options_(o),
        conv_(o, o.in + out_channels(o), 4 * o.filters, /*bias_value=*/0.0),
        norms_(*this, o, "input_transform_forget_output", {"input", "transform", "forget", "output"}, 0.0),
        state_norm_(make_norm(o.norm, o.filters)) {
    for (const auto& variable : conv_.named_parameters(/*recurse=*/false))
      register_parameter(variable.key(), variable.value());
    if (o.norm != NormLayer::kNone) register_module("state", state_norm_);
    if (o.norm == NormLayer::kInstance && norms_.joint()) {
      next_state_ = [gates = weights(*norms_.joint()), cell = weights(*state_norm_)](const Tensor& z,
                                                                                     const Tensor& c) {
        return kernels::lstm_gates(z, c, gates, cell, {kForgetBias, kInstanceNormEpsilon});
      };
    } else {
      next_state_ = [this](const Tensor& raw, const Tensor& last) -> kernels::LstmState {
        const auto z = norms_(raw, 4);
        const auto c =
            state_norm_->forward(last * (z[2] + kForgetBias).sigmoid() + z[0].sigmoid() * z[1].tanh());
        return {c.tanh() * z[3].sigmoid(), c};
      };
    }
  }

  std::vector<ConvStatePart> state_parts() const override {
    return {{&ConvState::c, options_.filters}, {&ConvState::h, out_channels(options_)}};
  }
  Folded fold(int64_t uses) const override { return {conv_.prepare(uses)}; }

  Step forward(const Tensor& input, const Tensor& vector, const ConvState& last,
               const Folded& folded) override {
    auto [h, c] = next_state_(conv_.forward(folded[0], torch::cat({input, last.h}, 1), vector), last.c);
    if (options_.skip_connection) h = torch::cat({h, input}, 1);
    return {h, {h, c}};
  }

 private:
  static constexpr double kForgetBias = 1.0;
  static int64_t out_channels(const ConvRnnOptions& o) { return o.filters + (o.skip_connection ? o.in : 0); }

  ConvRnnOptions options_;
  GateConv conv_;
  GateNorms norms_;
  std::shared_ptr<Norm> state_norm_;
  std::function<kernels::LstmState(const Tensor& gates, const Tensor& cell)> next_state_;
};

// Convolutional GRU. As in the published code, the candidate sees the input, the state and the reset state.
class ConvGru : public ConvRnn {
 public:
  explicit ConvGru(const ConvRnnOptions& o)
      : filters_(o.filters),
        gates_(std::make_shared<GateConv>(o, o.in + o.filters, 2 * o.filters, /*bias_value=*/1.0)),
        candidate_(std::make_shared<GateConv>(o, o.in + 2 * o.filters, o.filters, /*bias_value=*/0.0)),
        norms_((register_module("gates", gates_), *gates_), o, "reset_update", {"reset", "update"}, 1.0),
        state_norm_(make_norm(o.norm, o.filters)) {
    register_module("candidate", candidate_);
    if (o.norm != NormLayer::kNone) candidate_->register_module("state", state_norm_);
  }

  std::vector<ConvStatePart> state_parts() const override { return {{&ConvState::h, filters_}}; }
  Folded fold(int64_t uses) const override { return {gates_->prepare(uses), candidate_->prepare(uses)}; }

  Step forward(const Tensor& input, const Tensor& vector, const ConvState& last,
               const Folded& folded) override {
    const auto seen = torch::cat({input, last.h}, 1);
    const auto z = norms_(gates_->forward(folded[0], seen, vector), 2);
    const auto r = z[0].sigmoid(), u = z[1].sigmoid();
    const auto candidate = candidate_->forward(folded[1], torch::cat({seen, r * last.h}, 1), vector);
    const auto c = state_norm_->forward(candidate).tanh();
    const auto h = u * last.h + (1.0 - u) * c;
    return {h, {h, {}}};
  }

 private:
  int64_t filters_;
  std::shared_ptr<GateConv> gates_, candidate_;
  GateNorms norms_;
  std::shared_ptr<Norm> state_norm_;
};

template <class R>
std::shared_ptr<ConvRnn> make(const ConvRnnOptions& options) {
  return std::make_shared<R>(options);
}

}  // namespace

const ConvRnnVariant& conv_rnn_variant(ConvRnnKind kind) {
  static const std::pair<ConvRnnKind, ConvRnnVariant> kVariants[] = {
      {ConvRnnKind::kLstm, {"lstm", "basic_conv2dlstm_cell", make<ConvLstm>}},
      {ConvRnnKind::kGru, {"gru", "conv2dgru_cell", make<ConvGru>}}};
  return row_of(kVariants, kind);
}

}  // namespace savp::nn
