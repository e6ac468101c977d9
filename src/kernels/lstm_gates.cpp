#include "kernels/lstm_gates.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include <vector>

#include "core/instructions.h"
#include "kernels/channel_loops.h"
#include "kernels/dispatch.h"
#include "kernels/lstm_gates_body.h"
#include "kernels/lstm_gates_kernels.h"
#include "kernels/norms_cuda.h"
#include "kernels/parallel.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr int64_t kPixelsForThread = 4096;  // fewer are not worth waking another thread

const LstmGatesKernels* kernels() {
  switch (instructions()) {
#ifdef SAVP_X86_KERNELS
    case Instructions::kAvx512:
      return &lstm_gates_avx512();
    case Instructions::kAvx2:
      return &lstm_gates_avx2();
#endif
    default:
      return nullptr;
  }
}

// Calls body(channel, scratch) for each channel of each sample.
template <class Body>
void each_channel(int64_t channels, int64_t pixels, const Body& body) {
  const int64_t grain = std::max<int64_t>(1, kPixelsForThread / pixels);
  parallel(channels, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(6 * pixels);
    for (int64_t channel = begin; channel < end; ++channel) body(channel, scratch.data());
  });
}

struct Fused : torch::autograd::Function<Fused> {
  static LstmGates describe(const Tensor& gates, const Tensor& cell, const tensor_list& norms,
                            const Tensor& moments, double forget_bias, double epsilon) {
    const auto data = [](const Tensor& x) { return x.const_data_ptr<float>(); };
    return {cell.size(1),
            cell.size(2) * cell.size(3),
            data(gates),
            data(cell),
            data(norms[0]),
            data(norms[1]),
            data(norms[2]),
            data(norms[3]),
            static_cast<float>(forget_bias),
            static_cast<float>(epsilon),
            moments.data_ptr<float>()};
  }

  static tensor_list forward(AutogradContext* ctx, const Tensor& gates, const Tensor& cell,
                             const Tensor& gamma, const Tensor& beta, const Tensor& cell_gamma,
                             const Tensor& cell_beta, double forget_bias, double epsilon) {
    const auto moments = at::empty({cell.size(0), cell.size(1), kLstmMoments}, cell.options());
    const auto hidden = at::empty_like(cell), next = at::empty_like(cell);
    const auto g = describe(gates, cell, {gamma, beta, cell_gamma, cell_beta}, moments, forget_bias, epsilon);
    const LstmOutputs out{hidden.data_ptr<float>(), next.data_ptr<float>()};
    each_channel(cell.size(0) * g.filters, g.pixels,
                 [&](int64_t channel, float* scratch) { kernels()->forward(g, out, channel, scratch); });
    ctx->save_for_backward({gates, cell, gamma, beta, cell_gamma, cell_beta, moments});
    ctx->saved_data["forget_bias"] = forget_bias;
    ctx->saved_data["epsilon"] = epsilon;
    return {hidden, next};
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "lstm_gates has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto &gates = saved[0], &cell = saved[1], &moments = saved[6];
    const auto g = describe(gates, cell, {saved[2], saved[3], saved[4], saved[5]}, moments,
                            ctx->saved_data["forget_bias"].toDouble(), ctx->saved_data["epsilon"].toDouble());
    const auto hidden = gradients[0].contiguous(), next = gradients[1].contiguous();
    const int64_t samples = cell.size(0);
    const auto d_gates = at::empty_like(gates), d_cell = at::empty_like(cell);
    const auto gate_sums = at::empty({2, samples, 4 * g.filters}, cell.options());
    const auto cell_sums = at::empty({2, samples, g.filters}, cell.options());
    const LstmGradients out{hidden.const_data_ptr<float>(), next.const_data_ptr<float>(),
                            d_gates.data_ptr<float>(),      d_cell.data_ptr<float>(),
                            gate_sums[0].data_ptr<float>(), gate_sums[1].data_ptr<float>(),
                            cell_sums[0].data_ptr<float>(), cell_sums[1].data_ptr<float>()};
    each_channel(samples * g.filters, g.pixels,
                 [&](int64_t channel, float* scratch) { kernels()->backward(g, out, channel, scratch); });
    const auto gate_norm = gate_sums.sum(1), cell_norm = cell_sums.sum(1);
    return {d_gates, d_cell, gate_norm[0], gate_norm[1], cell_norm[0], cell_norm[1], {}, {}};
  }
};

template <class Work>
void run_by_channel(const Work& work, int64_t samples, int64_t filters, const at::Device& device) {
  const auto on_cpu = [&] {
    each_channel_on_cpu(work, samples, filters,
                        [](const auto& w, int64_t sample, int64_t filter, auto& team) {
                          lstm_gates_channel(w, sample, filter, team);
                        });
  };
  dispatch("lstm_gates", device, on_cpu, [&] { lstm_gates_cuda(work, samples); });
}

// By the body that GPUs run; gates in float or bfloat16, the hidden state as the gates, the cell in float.
struct ByChannel : torch::autograd::Function<ByChannel> {
  template <class T>
  static LstmGatesForward<T> describe(const tensor_list& in, const Tensor& moments, double forget_bias,
                                      double epsilon) {
    const auto data = [&](size_t i) { return in[i].const_data_ptr<float>(); };
    const auto& cell = in[1];
    return {.filters = cell.size(1),
            .pixels = cell.size(2) * cell.size(3),
            .gate_strides = channel_strides(in[0]),
            .strides = channel_strides(cell),
            .gates = in[0].const_data_ptr<T>(),
            .cell = data(1),
            .gamma = data(2),
            .beta = data(3),
            .cell_gamma = data(4),
            .cell_beta = data(5),
            .forget_bias = static_cast<float>(forget_bias),
            .epsilon = static_cast<float>(epsilon),
            .hidden = nullptr,
            .next = nullptr,
            .moments = moments.mutable_data_ptr<float>()};
  }

  static tensor_list forward(AutogradContext* ctx, const Tensor& given_gates, const Tensor& given_cell,
                             const Tensor& gamma, const Tensor& beta, const Tensor& cell_gamma,
                             const Tensor& cell_beta, double forget_bias, double epsilon) {
    const auto order = channel_order(given_gates);
    const tensor_list in = {
        given_gates.contiguous(order), given_cell.contiguous(order), gamma, beta, cell_gamma, cell_beta};
    const auto& cell = in[1];
    const auto moments = at::empty({cell.size(0), cell.size(1), kLstmMoments}, gamma.options());
    const auto next = at::empty_like(cell);
    const auto hidden = at::empty_like(cell, in[0].scalar_type());
    const auto start = [&]<class T>(T) {
      auto work = describe<T>(in, moments, forget_bias, epsilon);
      work.hidden = hidden.mutable_data_ptr<T>();
      work.next = next.mutable_data_ptr<float>();
      run_by_channel(work, cell.size(0), cell.size(1), cell.device());
    };
    in[0].scalar_type() == at::kFloat ? start(0.0F) : start(at::BFloat16());
    auto saved = in;
    saved.push_back(moments);
    ctx->save_for_backward(saved);
    ctx->saved_data["forget_bias"] = forget_bias;
    ctx->saved_data["epsilon"] = epsilon;
    return {hidden, next};
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "lstm_gates has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto &gates = saved[0], &cell = saved[1];
    const auto order = channel_order(cell);
    const auto d_hidden = with_even_pixels(gradients[0].to(gates.scalar_type()), order);
    const auto d_next = gradients[1].to(at::kFloat).contiguous(order);
    const int64_t samples = cell.size(0), filters = cell.size(1);
    const auto d_gates = at::empty_like(gates), d_cell = at::empty_like(cell);
    // Sums of each sample: gamma and beta of the gates, then of the cell.
    const auto parts = at::empty({10 * filters * samples}, saved[2].options());
    auto* out = parts.mutable_data_ptr<float>();
    const auto start = [&]<class T>(T) {
      const LstmGatesBackward<T> work{
          .forward = describe<T>(saved, saved[6], ctx->saved_data["forget_bias"].toDouble(),
                                 ctx->saved_data["epsilon"].toDouble()),
          .d_hidden = d_hidden.template const_data_ptr<T>(),
          .d_hidden_strides = even_strides(d_hidden),
          .d_next = d_next.template const_data_ptr<float>(),
          .d_gates = d_gates.template mutable_data_ptr<T>(),
          .d_cell = d_cell.template mutable_data_ptr<float>(),
          .d_gamma = out,
          .d_beta = out + 4 * samples * filters,
          .d_cell_gamma = out + 8 * samples * filters,
          .d_cell_beta = out + 9 * samples * filters};
      run_by_channel(work, samples, filters, cell.device());
    };
    gates.scalar_type() == at::kFloat ? start(0.0F) : start(at::BFloat16());
    const auto of_gates = parts.narrow(0, 0, 8 * samples * filters).view({2, samples, 4 * filters}).sum(1);
    const auto of_cell =
        parts.narrow(0, 8 * samples * filters, 2 * samples * filters).view({2, samples, filters}).sum(1);
    return {d_gates, d_cell, of_gates[0], of_gates[1], of_cell[0], of_cell[1], {}, {}};
  }
};

bool runs_by_channel(const Tensor& gates, const Tensor& cell) {
  return kWithCuda && gates.is_cuda() &&
         (gates.scalar_type() == at::kFloat || gates.scalar_type() == at::kBFloat16) &&
         cell.scalar_type() == at::kFloat;
}

bool can_fuse(const Tensor& gates, const Tensor& cell) {
  const auto* best = kernels();
  return best != nullptr && gates.is_cpu() && gates.scalar_type() == at::kFloat &&
         cell.scalar_type() == at::kFloat && cell.size(2) * cell.size(3) % best->lanes == 0;
}

Tensor normed(const Tensor& x, const NormWeights& norm, double epsilon) {
  return at::group_norm(x, x.size(1), norm.gamma, norm.beta, epsilon);
}

}  // namespace

LstmState lstm_gates_composed(const Tensor& gates, const Tensor& cell, const NormWeights& gate_norm,
                              const NormWeights& cell_norm, const LstmGatesOptions& options) {
  const auto z = normed(gates, gate_norm, options.epsilon).chunk(4, 1);
  const auto raw = cell * (z[2] + options.forget_bias).sigmoid() + z[0].sigmoid() * z[1].tanh();
  const auto next = normed(raw, cell_norm, options.epsilon);
  return {next.tanh() * z[3].sigmoid(), next};
}

LstmState lstm_gates_by_channel(const Tensor& gates, const Tensor& cell, const NormWeights& gate_norm,
                                const NormWeights& cell_norm, const LstmGatesOptions& options) {
  const auto next = ByChannel::apply(gates, cell, gate_norm.gamma, gate_norm.beta, cell_norm.gamma,
                                     cell_norm.beta, options.forget_bias, options.epsilon);
  return {next[0], next[1]};
}

LstmState lstm_gates(const Tensor& gates, const Tensor& cell, const NormWeights& gate_norm,
                     const NormWeights& cell_norm, const LstmGatesOptions& options) {
  TORCH_CHECK(cell.dim() == 4 && gates.dim() == 4 && gates.size(1) == 4 * cell.size(1), "lstm_gates: gates ",
              gates.sizes(), " do not fit the cell ", cell.sizes());
  if (runs_by_channel(gates, cell)) return lstm_gates_by_channel(gates, cell, gate_norm, cell_norm, options);
  if (!can_fuse(gates, cell)) return lstm_gates_composed(gates, cell, gate_norm, cell_norm, options);
  const auto next = Fused::apply(gates.contiguous(), cell.contiguous(), gate_norm.gamma, gate_norm.beta,
                                 cell_norm.gamma, cell_norm.beta, options.forget_bias, options.epsilon);
  return {next[0], next[1]};
}

}  // namespace savp::kernels
