// What is left of a recurrent cell when a part of it is taken away, to see what that part is good for.
#include <torch/types.h>

#include "nn/conv_rnn.h"

namespace savp::nn {
namespace {

class NormedOutside : public ConvRnn {
 public:
  NormedOutside(ConvRnnKind kind, ConvRnnOptions options) {
    norm_ = register_module(norm_scope(options.norm), make_norm(options.norm, options.filters));
    options.norm = NormLayer::kNone;
    const auto& variant = conv_rnn_variant(kind);
    cell_ = register_module(variant.scope, variant.make(options));
  }
  std::vector<ConvStatePart> state_parts() const override { return cell_->state_parts(); }
  Folded fold(int64_t uses) const override { return cell_->fold(uses); }

  Step forward(const Tensor& input, const Tensor& vector, const ConvState& last,
               const Folded& folded) override {
    const auto step = cell_->forward(input, vector, last, folded);
    return {norm_->forward(step.output), step.state};
  }

 private:
  std::shared_ptr<ConvRnn> cell_;
  std::shared_ptr<Norm> norm_;
};

class Memoryless : public ConvRnn {
 public:
  Memoryless(const ConvRnnOptions& o, ActivationLayer kind)
      : conv_(register_module("conv2d",
                              std::make_shared<Conv2d>(ConvOptions{o.in, o.filters, {o.kernel, o.kernel}}))),
        norm_(register_module(norm_scope(o.norm), make_norm(o.norm, o.filters))),
        activation_(kind) {
    if (o.vector > 0)
      dense_ = register_module("dense", std::make_shared<Dense>(DenseOptions{o.vector, o.filters, false}));
  }
  std::vector<ConvStatePart> state_parts() const override { return {}; }
  Folded fold(int64_t uses) const override { return {conv_->fold(uses)}; }

  Step forward(const Tensor& input, const Tensor& vector, const ConvState& /*last*/,
               const Folded& folded) override {
    auto h = conv_->apply(input, folded[0]);
    if (dense_) h = h + dense_->forward(vector).unsqueeze(-1).unsqueeze(-1);
    return {normed_and_activated(*norm_, activation_, h), {}};
  }

 private:
  std::shared_ptr<Conv2d> conv_;
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Dense> dense_;
  ActivationLayer activation_;
};

}  // namespace

std::shared_ptr<ConvRnn> make_normed_outside(ConvRnnKind kind, const ConvRnnOptions& options) {
  return std::make_shared<NormedOutside>(kind, options);
}

std::shared_ptr<ConvRnn> make_memoryless(const ConvRnnOptions& options, ActivationLayer activation) {
  return std::make_shared<Memoryless>(options, activation);
}

}  // namespace savp::nn
