#include "kernels/biased_relu.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include <algorithm>

#include "kernels/biased_relu_body.h"
#include "kernels/biased_relu_cuda.h"
#include "kernels/dispatch.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

at::MemoryFormat channels_last(const Tensor& x) {
  return x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

template <class T>
void run(const BiasedRelu<T>& work, const at::Device& device) {
  const auto on_cpu = [&] {
    for (int64_t row = 0; row < work.rows; ++row)
      for (int64_t channel = 0; channel < work.channels; channel += kReluWidth<T>)
        biased_relu_pack(work, row, channel);
  };
  dispatch("biased_relu", device, on_cpu, [&] { biased_relu_cuda(work); });
}

template <class T>
void run(const BiasedReluBackward<T>& work, int64_t parts, const at::Device& device) {
  const auto on_cpu = [&] {
    for (int64_t channel = 0; channel < work.channels; channel += kReluWidth<T>) {
      float sums[kReluWidth<T>] = {};
      for (int64_t row = 0; row < work.rows; ++row) biased_relu_pack(work, row, channel, sums);
      std::copy_n(sums, kReluWidth<T>, work.d_bias + channel);
    }
  };
  dispatch("biased_relu", device, on_cpu, [&] { biased_relu_cuda(work, parts); });
}

// Sums over rows are made in so many parts.
int64_t parts_of(int64_t rows, const at::Device& device) {
  return device.is_cuda() ? std::clamp<int64_t>(rows / 64, 1, kMostReluParts) : 1;
}

struct ByRow : torch::autograd::Function<ByRow> {
  static Tensor forward(AutogradContext* ctx, const Tensor& given, const Tensor& bias,
                        double negative_slope) {
    const auto x = given.contiguous(channels_last(given));
    const auto y = at::empty_like(x);
    const auto start = [&]<class T>(T) {
      run(BiasedRelu<T>{.rows = x.numel() / x.size(1),
                        .channels = x.size(1),
                        .x = x.const_data_ptr<T>(),
                        .bias = bias.const_data_ptr<float>(),
                        .negative_slope = static_cast<float>(negative_slope),
                        .y = y.mutable_data_ptr<T>()},
          x.device());
    };
    x.scalar_type() == at::kFloat ? start(0.0F) : start(at::BFloat16());
    ctx->save_for_backward({y, bias});
    ctx->saved_data["negative_slope"] = negative_slope;
    return y;
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "biased_relu has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto& y = saved[0];
    const auto dy = gradients[0].to(y.scalar_type()).contiguous(channels_last(y));
    const auto dx = at::empty_like(y);
    const int64_t rows = y.numel() / y.size(1), parts = parts_of(rows, y.device());
    const auto sums = at::empty({parts, y.size(1)}, saved[1].options());
    const auto start = [&]<class T>(T) {
      run(BiasedReluBackward<T>{.rows = rows,
                                .channels = y.size(1),
                                .y = y.template const_data_ptr<T>(),
                                .dy = dy.template const_data_ptr<T>(),
                                .negative_slope =
                                    static_cast<float>(ctx->saved_data["negative_slope"].toDouble()),
                                .dx = dx.template mutable_data_ptr<T>(),
                                .d_bias = sums.template mutable_data_ptr<float>()},
          parts, y.device());
    };
    y.scalar_type() == at::kFloat ? start(0.0F) : start(at::BFloat16());
    return {dx, ctx->needs_input_grad(1) ? sums.sum(0) : Tensor(), {}};
  }
};

bool has_kernel(const Tensor& x) {
  if (!x.is_cuda() || (x.dim() != 4 && x.dim() != 5) || !x.is_contiguous(channels_last(x))) return false;
  return (x.scalar_type() == at::kFloat && x.size(1) % kReluWidth<float> == 0) ||
         (x.scalar_type() == at::kBFloat16 && x.size(1) % kReluWidth<at::BFloat16> == 0);
}

}  // namespace

Tensor biased_relu_by_row(const Tensor& x, const Tensor& bias, double negative_slope) {
  return ByRow::apply(x, bias, negative_slope);
}

Tensor biased_relu(const Tensor& x, const Tensor& bias, double negative_slope) {
  if (has_kernel(x)) return biased_relu_by_row(x, bias, negative_slope);
  std::vector<int64_t> shape(x.dim(), 1);
  shape[1] = bias.size(0);
  return at::leaky_relu(x + bias.view(shape), negative_slope);
}

}  // namespace savp::kernels
