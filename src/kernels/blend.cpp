#include "kernels/blend.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include "kernels/blend_body.h"
#include "kernels/composition_cuda.h"
#include "kernels/dispatch.h"
#include "kernels/strided_tensor.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

BlendShape shape_of(const Tensor& candidates) {
  const auto size = [&](int64_t axis) { return static_cast<int>(candidates.size(axis)); };
  return {size(0), size(1), size(2), size(3), size(4)};
}

bool known(const Tensor& candidates, const Tensor& logits) {
  return candidates.scalar_type() == at::kFloat &&
         (logits.scalar_type() == at::kFloat || logits.scalar_type() == at::kBFloat16) &&
         logits.size(1) <= kMostMasks;
}

template <class Work>
void run(const Work& work, const at::Device& device) {
  const auto on_cpu = [&] {
    for (int index = 0; index < work.size(); ++index) work(index);
  };
  dispatch("blend", device, on_cpu, [&] { blend_cuda(work); });
}

// Calls start(T()) for the type of the logits.
template <class Start>
void by_type(const Tensor& logits, const Start& start) {
  logits.scalar_type() == at::kFloat ? start(0.0F) : start(at::BFloat16());
}

struct Blend : torch::autograd::Function<Blend> {
  static tensor_list forward(AutogradContext* ctx, const Tensor& candidates, const Tensor& logits) {
    const auto shape = shape_of(candidates);
    const auto frame =
        at::empty({shape.samples, shape.channels, shape.height, shape.width}, candidates.options());
    const auto masks = at::empty(logits.sizes(), candidates.options());
    by_type(logits, [&]<class T>(T) {
      run(BlendForward<T>{.shape = shape,
                          .logits = to_read<T, 4>(logits),
                          .candidates = to_read<float, 5>(candidates),
                          .masks = to_write<float, 4>(masks),
                          .frame = to_write<float, 4>(frame)},
          candidates.device());
    });
    ctx->save_for_backward({candidates, logits, masks});
    ctx->set_materialize_grads(false);  // masks seldom have a gradient of their own
    return {frame, masks};
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "blend has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto &candidates = saved[0], &logits = saved[1];
    const auto d_logits = at::empty_like(logits);
    Tensor d_candidates;
    if (ctx->needs_input_grad(0)) d_candidates = at::empty(candidates.sizes(), candidates.options());
    by_type(logits, [&]<class T>(T) {
      run(BlendBackward<T>{.shape = shape_of(candidates),
                           .candidates = to_read<float, 5>(candidates),
                           .masks = to_read<float, 4>(saved[2]),
                           .d_frame = to_read<float, 4>(gradients[0]),
                           .d_masks = to_read<float, 4>(gradients[1]),
                           .d_logits = to_write<T, 4>(d_logits),
                           .d_candidates = to_write<float, 5>(d_candidates)},
          candidates.device());
    });
    return {d_candidates, d_logits};
  }
};

bool runs_by_position(const Tensor& candidates, const Tensor& logits) {
  return kWithCuda && candidates.is_cuda() && logits.is_cuda() && countable(candidates) &&
         known(candidates, logits);
}

}  // namespace

Blended blend_by_position(const Tensor& candidates, const Tensor& logits) {
  TORCH_CHECK(candidates.dim() == 5 && logits.dim() == 4 && candidates.size(0) == logits.size(0) &&
                  candidates.size(1) == logits.size(1) && candidates.size(3) == logits.size(2) &&
                  candidates.size(4) == logits.size(3),
              "blend: logits ", logits.sizes(), " do not fit the candidates ", candidates.sizes());
  TORCH_CHECK(known(candidates, logits), "blend: no kernel for ", logits.size(1), " masks of ",
              logits.scalar_type(), " and candidates of ", candidates.scalar_type());
  const auto blended = Blend::apply(candidates, logits);
  return {blended[0], blended[1]};
}

Tensor weighted_sum(const Tensor& candidates, const Tensor& masks) {
  return (candidates * masks.unsqueeze(2)).sum(1);
}

Blended blend_composed(const Tensor& candidates, const Tensor& logits) {
  const auto masks = torch::softmax(logits.to(torch::kFloat), 1);
  return {weighted_sum(candidates, masks), masks};
}

Blended blend(const Tensor& candidates, const Tensor& logits) {
  return runs_by_position(candidates, logits) ? blend_by_position(candidates, logits)
                                              : blend_composed(candidates, logits);
}

}  // namespace savp::kernels
