#include "kernels/lstm_gates.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <vector>

namespace savp::kernels {
namespace {

using at::Tensor;

struct Example {
  // Gates, cell, gamma and beta of the gates, of the cell.
  std::vector<Tensor> inputs;
  Tensor d_hidden, d_cell;

  Example(int64_t samples, int64_t filters, int64_t height, int64_t width) {
    torch::manual_seed(1);
    inputs = {3.0 * torch::randn({samples, 4 * filters, height, width}) + 0.5,
              torch::randn({samples, filters, height, width}),
              1.0 + 0.3 * torch::randn({4 * filters}),
              0.3 * torch::randn({4 * filters}),
              1.0 + 0.3 * torch::randn({filters}),
              0.3 * torch::randn({filters})};
    d_hidden = torch::randn_like(inputs[1]);
    d_cell = torch::randn_like(inputs[1]);
  }
  Example to(at::ScalarType type) const {
    Example copy = *this;
    for (auto& x : copy.inputs) x = x.to(type);
    copy.d_hidden = d_hidden.to(type);
    copy.d_cell = d_cell.to(type);
    return copy;
  }

  // hidden, cell, and the gradients of all inputs.
  template <class Function>
  std::vector<Tensor> run(const Function& function) const {
    auto leaves = inputs;
    for (auto& x : leaves) x = x.detach().clone().requires_grad_();
    const auto state = function(leaves[0], leaves[1], NormWeights{leaves[2], leaves[3]},
                                NormWeights{leaves[4], leaves[5]}, LstmGatesOptions{1.0, 1.001e-5});
    ((state.hidden * d_hidden).sum() + (state.cell * d_cell).sum()).backward();
    std::vector<Tensor> results = {state.hidden.detach(), state.cell.detach()};
    for (const auto& x : leaves) results.push_back(x.grad());
    return results;
  }
};

// Each result within a few roundings of the truth, worked out in double.
template <class Function>
void expect_exact(const Example& example, const Function& function) {
  const auto ours = example.run(function);
  const auto truth = example.to(torch::kDouble).run(lstm_gates_composed);
  for (size_t i = 0; i < truth.size(); ++i) {
    const auto error = (ours[i].to(torch::kDouble) - truth[i]).abs().max().template item<double>();
    EXPECT_LE(error, 2e-6 * truth[i].abs().max().template item<double>()) << "result " << i;
  }
}

void expect_exact(const Example& example) { expect_exact(example, lstm_gates); }

// Channels last, as a GPU's convolutions give them.
Example channels_last(Example example) {
  for (auto* x : {&example.inputs[0], &example.inputs[1], &example.d_hidden, &example.d_cell})
    *x = x->contiguous(at::MemoryFormat::ChannelsLast);
  return example;
}

TEST(LstmGates, ByChannelEqualTheirDefinition) {
  for (const auto& example : {Example(3, 5, 8, 8), Example(2, 3, 5, 7), Example(1, 17, 16, 16)}) {
    expect_exact(example, lstm_gates_by_channel);
    expect_exact(channels_last(example), lstm_gates_by_channel);
  }
}

TEST(LstmGates, ByChannelTakeReducedGates) {
  const Example example(2, 5, 8, 8);
  const auto reduced = [](const Tensor& gates, const Tensor& cell, const NormWeights& gate_norm,
                          const NormWeights& cell_norm, const LstmGatesOptions& options) {
    return lstm_gates_by_channel(gates.to(torch::kBFloat16), cell, gate_norm, cell_norm, options);
  };
  const auto ours = example.run(reduced), truth = example.run(lstm_gates_composed);
  for (size_t i = 0; i < truth.size(); ++i)
    EXPECT_LE((ours[i] - truth[i]).norm().item<double>(), 1e-2 * truth[i].norm().item<double>())
        << "result " << i;
}

TEST(LstmGates, OnTheGpuEqualThoseOfTheCpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const auto on_gpu = [](const Tensor& gates, const Tensor& cell, const NormWeights& gate_norm,
                         const NormWeights& cell_norm, const LstmGatesOptions& options) {
    const auto gpu = [](const Tensor& x) { return x.to(torch::kCUDA); };
    const auto state = lstm_gates(gpu(gates), gpu(cell), {gpu(gate_norm.gamma), gpu(gate_norm.beta)},
                                  {gpu(cell_norm.gamma), gpu(cell_norm.beta)}, options);
    return LstmState{state.hidden.cpu(), state.cell.cpu()};
  };
  for (const auto& example :
       {Example(3, 5, 8, 8), Example(2, 3, 5, 7), Example(2, 32, 32, 32), Example(1, 40, 16, 64)}) {
    expect_exact(example, on_gpu);
    expect_exact(channels_last(example), on_gpu);
  }
}

TEST(LstmGates, EqualTheirDefinition) { expect_exact(Example(3, 5, 8, 8)); }
TEST(LstmGates, EqualTheirDefinitionOnLargePictures) { expect_exact(Example(2, 3, 32, 48)); }
TEST(LstmGates, TakeSizesThatFillNoVector) { expect_exact(Example(2, 3, 5, 7)); }

TEST(LstmGates, StandGatesFarOutside) {
  Example example(1, 2, 4, 4);
  example.inputs[2] *= 200.0;  // gates of +-500: functions that have long reached their limits
  const auto ours = example.run(lstm_gates);
  const auto truth = example.run(lstm_gates_composed);
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(torch::allclose(ours[i], truth[i], 1e-5, 1e-6)) << ours[i];
  for (const auto& x : ours) EXPECT_TRUE(torch::isfinite(x).all().item<bool>());
}

TEST(LstmGates, KeepSmallValuesOfTanhExact) {
  Example example(1, 1, 4, 4);
  example.inputs[4].fill_(1e-4);  // the new cell is tiny, and so is its tanh
  example.inputs[5].zero_();
  const auto ours = example.run(lstm_gates)[0];
  const auto truth = example.to(torch::kDouble).run(lstm_gates_composed)[0];
  EXPECT_LE(((ours - truth) / truth).abs().max().item<double>(), 1e-5);
}

TEST(LstmGates, AreTheDerivativeOfTheirDefinition) {
  // Finite differences of the composed form in double; the fused one is held to it above.
  const auto example = Example(1, 2, 2, 3).to(torch::kDouble);
  const auto gradients = example.run(lstm_gates);
  const auto value = [&](const std::vector<Tensor>& x) {
    const auto state = lstm_gates(x[0], x[1], {x[2], x[3]}, {x[4], x[5]}, {1.0, 1.001e-5});
    return ((state.hidden * example.d_hidden).sum() + (state.cell * example.d_cell).sum()).item<double>();
  };
  constexpr double kStep = 1e-6;
  for (size_t i = 0; i < example.inputs.size(); ++i) {
    for (int64_t j = 0; j < example.inputs[i].numel(); ++j) {
      const auto moved = [&](double by) {
        auto x = example.inputs;
        x[i] = x[i].clone();
        x[i].view(-1)[j] += by;
        return value(x);
      };
      const double slope = (moved(kStep) - moved(-kStep)) / (2 * kStep);
      EXPECT_NEAR(gradients[2 + i].view(-1)[j].item<double>(), slope, 1e-6)
          << "input " << i << ", element " << j;
    }
  }
}

}  // namespace
}  // namespace savp::kernels
