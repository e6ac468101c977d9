#include "kernels/cosine_distance.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include "kernels/cosine_body.h"
#include "kernels/cosine_cuda.h"
#include "kernels/dispatch.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

template <class Work>
void run(const Work& work, const at::Device& device) {
  const auto on_cpu = [&] {
    OneThread team;
    for (int64_t position = 0; position < work.size(); ++position) work(position, team);
  };
  dispatch("cosine_distance", device, on_cpu, [&] { cosine_cuda(work); });
}

// Calls start(T()) for the type of the features.
template <class Start>
void by_type(const Tensor& x, const Start& start) {
  x.scalar_type() == at::kFloat ? start(0.0F) : start(at::BFloat16());
}

// a and b lie alike, channels first or channels last.
template <class T>
CosineFeatures<T> describe(const Tensor& a, const Tensor& b) {
  const int64_t samples = a.size(0), channels = a.size(1), pixels = a.numel() / samples / channels;
  const bool first = a.is_contiguous();
  return {.samples = samples,
          .channels = channels,
          .pixels = pixels,
          .strides = {channels * pixels, first ? pixels : 1, first ? 1 : channels},
          .a = a.const_data_ptr<T>(),
          .b = b.const_data_ptr<T>(),
          .share = static_cast<float>(0.5 / static_cast<double>(samples * pixels))};
}

struct CosineDistance : torch::autograd::Function<CosineDistance> {
  static Tensor forward(AutogradContext* ctx, const Tensor& given_a, const Tensor& given_b) {
    const auto order = given_a.suggest_memory_format();
    const auto a = given_a.contiguous(order), b = given_b.contiguous(order);
    const int64_t positions = a.numel() / a.size(1);
    const auto distances = at::empty({positions}, a.options().dtype(at::kFloat));
    const auto lengths = at::empty({positions, 2}, distances.options());
    by_type(a, [&]<class T>(T) {
      run(CosineForward<T>{.features = describe<T>(a, b),
                           .distances = distances.mutable_data_ptr<float>(),
                           .lengths = lengths.mutable_data_ptr<float>()},
          a.device());
    });
    ctx->save_for_backward({a, b, lengths});
    return distances.sum();
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "cosine_distance has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto &a = saved[0], &b = saved[1];
    Tensor d_a, d_b;
    if (ctx->needs_input_grad(0)) d_a = at::empty_like(a);
    if (ctx->needs_input_grad(1)) d_b = at::empty_like(b);
    by_type(a, [&]<class T>(T) {
      const auto data = [](const Tensor& x) { return x.defined() ? x.mutable_data_ptr<T>() : nullptr; };
      run(CosineBackward<T>{.features = describe<T>(a, b),
                            .lengths = saved[2].const_data_ptr<float>(),
                            .gradient = gradients[0].const_data_ptr<float>(),
                            .d_a = data(d_a),
                            .d_b = data(d_b)},
          a.device());
    });
    return {d_a, d_b};
  }
};

bool known(const Tensor& a, const Tensor& b) {
  return (a.scalar_type() == at::kFloat || a.scalar_type() == at::kBFloat16) &&
         a.scalar_type() == b.scalar_type() && a.dim() >= 2 && a.sizes() == b.sizes() && a.numel() > 0;
}

}  // namespace

Tensor cosine_distance(const Tensor& a, const Tensor& b) {
  TORCH_CHECK(known(a, b), "cosine_distance: no kernel for ", a.scalar_type(), " ", a.sizes(), " and ",
              b.scalar_type(), " ", b.sizes());
  return CosineDistance::apply(a, b);
}

bool has_cosine_kernel(const Tensor& a, const Tensor& b) {
  return kWithCuda && a.is_cuda() && b.is_cuda() && known(a, b);
}

}  // namespace savp::kernels
