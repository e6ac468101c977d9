#include "kernels/instance_norm.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include "kernels/channel_loops.h"
#include "kernels/dispatch.h"
#include "kernels/instance_norm_body.h"
#include "kernels/norms_cuda.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

template <class Work>
void run(const Work& work, int64_t samples, const at::Device& device) {
  const auto on_cpu = [&] {
    each_channel_on_cpu(work, samples, work.channels,
                        [](const auto& w, int64_t sample, int64_t channel, auto& team) {
                          instance_norm_channel(w, sample, channel, team);
                        });
  };
  dispatch("instance_norm", device, on_cpu, [&] { instance_norm_cuda(work, samples); });
}

struct ByChannel : torch::autograd::Function<ByChannel> {
  static Tensor forward(AutogradContext* ctx, const Tensor& given, const Tensor& gamma, const Tensor& beta,
                        double epsilon, double negative_slope) {
    const auto x = given.contiguous(channel_order(given));
    const auto y = at::empty_like(x);
    const auto moments = at::empty({x.size(0), x.size(1), 2}, gamma.options());
    AT_DISPATCH_SWITCH(x.scalar_type(), "instance_norm", AT_DISPATCH_CASE(at::kFloat, [&] {
                         start<scalar_t>(x, gamma, beta, epsilon, negative_slope, y, moments);
                       }) AT_DISPATCH_CASE(at::kBFloat16, [&] {
                         start<scalar_t>(x, gamma, beta, epsilon, negative_slope, y, moments);
                       }));
    ctx->save_for_backward({x, gamma, beta, moments});
    ctx->saved_data["negative_slope"] = negative_slope;
    return y;
  }

  template <class T>
  static void start(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                    double negative_slope, const Tensor& y, const Tensor& moments) {
    const InstanceNormForward<T> work{.channels = x.size(1),
                                      .pixels = x.size(2) * x.size(3),
                                      .strides = channel_strides(x),
                                      .x = x.const_data_ptr<T>(),
                                      .gamma = gamma.const_data_ptr<float>(),
                                      .beta = beta.const_data_ptr<float>(),
                                      .epsilon = static_cast<float>(epsilon),
                                      .negative_slope = static_cast<float>(negative_slope),
                                      .y = y.mutable_data_ptr<T>(),
                                      .moments = moments.mutable_data_ptr<float>()};
    run(work, x.size(0), x.device());
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "instance_norm has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto& x = saved[0];
    const auto dy = with_even_pixels(gradients[0].to(x.scalar_type()), channel_order(x));
    const auto dx = at::empty_like(x);
    const auto sums = at::empty({2, x.size(0), x.size(1)}, saved[1].options());
    const double slope = ctx->saved_data["negative_slope"].toDouble();
    AT_DISPATCH_SWITCH(
        x.scalar_type(), "instance_norm", AT_DISPATCH_CASE(at::kFloat, [&] {
          go_back<scalar_t>(saved, dy, slope, dx, sums);
        }) AT_DISPATCH_CASE(at::kBFloat16, [&] { go_back<scalar_t>(saved, dy, slope, dx, sums); }));
    const auto of_weights = sums.sum(1);
    return {dx, of_weights[0], of_weights[1], {}, {}};
  }

  template <class T>
  static void go_back(const tensor_list& saved, const Tensor& dy, double slope, const Tensor& dx,
                      const Tensor& sums) {
    const auto& x = saved[0];
    auto* d_gamma = sums.mutable_data_ptr<float>();
    const InstanceNormBackward<T> work{.channels = x.size(1),
                                       .pixels = x.size(2) * x.size(3),
                                       .strides = channel_strides(x),
                                       .dy_strides = even_strides(dy),
                                       .x = x.const_data_ptr<T>(),
                                       .dy = dy.const_data_ptr<T>(),
                                       .gamma = saved[1].const_data_ptr<float>(),
                                       .beta = saved[2].const_data_ptr<float>(),
                                       .moments = saved[3].const_data_ptr<float>(),
                                       .negative_slope = static_cast<float>(slope),
                                       .dx = dx.mutable_data_ptr<T>(),
                                       .d_gamma = d_gamma,
                                       .d_beta = d_gamma + x.size(0) * x.size(1)};
    run(work, x.size(0), x.device());
  }
};

bool has_kernel(const Tensor& x) {
  return kWithCuda && x.is_cuda() && x.dim() == 4 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

}  // namespace

Tensor instance_norm_composed(const Tensor& x, const NormWeights& norm, const InstanceNormOptions& options) {
  const auto y = at::group_norm(x, x.size(1), norm.gamma, norm.beta, options.epsilon);
  if (options.negative_slope == 1.0) return y;
  return options.negative_slope == 0.0 ? at::relu(y) : at::leaky_relu(y, options.negative_slope);
}

Tensor instance_norm_by_channel(const Tensor& x, const NormWeights& norm,
                                const InstanceNormOptions& options) {
  return ByChannel::apply(x, norm.gamma, norm.beta, options.epsilon, options.negative_slope);
}

Tensor instance_norm(const Tensor& x, const NormWeights& norm, const InstanceNormOptions& options) {
  return has_kernel(x) ? instance_norm_by_channel(x, norm, options)
                       : instance_norm_composed(x, norm, options);
}

}  // namespace savp::kernels
