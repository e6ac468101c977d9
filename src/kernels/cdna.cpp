#include "kernels/cdna.h"

#include <torch/autograd.h>
#include <torch/types.h>

#include "core/precision.h"
#include "kernels/cdna_body.h"
#include "kernels/composition_cuda.h"
#include "kernels/dispatch.h"
#include "kernels/strided_tensor.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

CdnaAxis axis_of(int64_t size, int64_t taps, int64_t dilation, Border border) {
  const int64_t total = (taps - 1) * dilation;
  return {static_cast<int>(size),
          static_cast<int>(taps),
          static_cast<int>(dilation),
          static_cast<int>(total / 2),
          static_cast<int>(total - total / 2),
          border != Border::kConstant,
          border == Border::kReflect ? 1 : 0};
}

CdnaShape shape_of(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  return {static_cast<int>(image.size(0)), static_cast<int>(image.size(1)), static_cast<int>(kernels.size(1)),
          axis_of(image.size(2), kernels.size(2), options.dilation[0], options.border),
          axis_of(image.size(3), kernels.size(3), options.dilation[1], options.border)};
}

bool reachable(const CdnaAxis& axis) { return !axis.mirrored || axis.after + axis.skip <= axis.size; }

template <class Work>
void loop(const Work& work) {
  for (int index = 0; index < work.size(); ++index) work(index);
}
void loop(const CdnaKernelGradient& work) {
  OneThread team;
  for (int sample = 0; sample < work.shape.samples; ++sample)
    for (int row = 0; row < work.shape.count * work.shape.rows.taps; ++row) work(sample, row, team);
}

template <class Work>
void run(const Work& work, const at::Device& device) {
  dispatch(
      "cdna", device, [&] { loop(work); }, [&] { cdna_cuda(work); });
}

struct Cdna : torch::autograd::Function<Cdna> {
  static Tensor forward(AutogradContext* ctx, const Tensor& image, const Tensor& kernels,
                        const CdnaOptions& options) {
    const auto warped = at::empty(
        {image.size(0), kernels.size(1), image.size(1), image.size(2), image.size(3)}, image.options());
    run(CdnaForward{.shape = shape_of(image, kernels, options),
                    .image = to_read<float, 4>(image),
                    .kernels = to_read<float, 4>(kernels),
                    .warped = to_write<float, 5>(warped)},
        image.device());
    ctx->save_for_backward({image, kernels});
    ctx->saved_data["dilation_y"] = options.dilation[0];
    ctx->saved_data["dilation_x"] = options.dilation[1];
    ctx->saved_data["border"] = static_cast<int64_t>(options.border);
    return warped;
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "cdna has no second gradient");
    const auto saved = ctx->get_saved_variables();
    const auto &image = saved[0], &kernels = saved[1], &d_warped = gradients[0];
    const auto kept = [&](const char* name) { return ctx->saved_data[name].toInt(); };
    const auto shape = shape_of(
        image, kernels, {{kept("dilation_y"), kept("dilation_x")}, static_cast<Border>(kept("border"))});
    Tensor d_image, d_kernels;
    if (ctx->needs_input_grad(0)) {
      d_image = at::empty(image.sizes(), image.options());
      run(CdnaImageGradient{.shape = shape,
                            .kernels = to_read<float, 4>(kernels),
                            .d_warped = to_read<float, 5>(d_warped),
                            .d_image = to_write<float, 4>(d_image)},
          image.device());
    }
    if (ctx->needs_input_grad(1)) {
      d_kernels = at::empty(kernels.sizes(), kernels.options());
      run(CdnaKernelGradient{.shape = shape,
                             .image = to_read<float, 4>(image),
                             .d_warped = to_read<float, 5>(d_warped),
                             .d_kernels = to_write<float, 4>(d_kernels)},
          image.device());
    }
    return {d_image, d_kernels, {}};
  }
};

bool runs_by_position(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  constexpr int64_t kMostSamples = 65535;  // of a grid's second axis
  if (!kWithCuda || !image.is_cuda() || !kernels.is_cuda() || image.scalar_type() != at::kFloat ||
      kernels.scalar_type() != at::kFloat || !countable(image) || !countable(kernels) ||
      image.size(0) > kMostSamples)
    return false;
  const auto shape = shape_of(image, kernels, options);
  return reachable(shape.rows) && reachable(shape.columns);
}

}  // namespace

Tensor padded_for(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  const auto axis = [&](int i) {
    const int64_t total = (kernels.size(2 + i) - 1) * options.dilation[i];
    return Pads{total / 2, total - total / 2};
  };
  return padded(image, axis(0), axis(1), options.border);
}

Tensor cdna_composed(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  const FloatForward exact_frames;
  const int64_t batch = image.size(0), count = kernels.size(1);
  // Colours take the place of the batch, and the batch that of the channels, each a group with kernels of
  // its own.
  const auto warped = torch::conv2d(padded_for(image, kernels, options).transpose(0, 1),
                                    kernels.flatten(0, 1).unsqueeze(1), {}, /*stride=*/1,
                                    /*padding=*/at::IntArrayRef(0), options.dilation, batch);
  return warped.view({image.size(1), batch, count, image.size(2), image.size(3)}).permute({1, 2, 0, 3, 4});
}

Tensor cdna_by_position(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  TORCH_CHECK(image.dim() == 4 && kernels.dim() == 4 && image.size(0) == kernels.size(0), "cdna: kernels ",
              kernels.sizes(), " do not fit the picture ", image.sizes());
  const auto shape = shape_of(image, kernels, options);
  TORCH_CHECK(reachable(shape.rows) && reachable(shape.columns), "cdna: kernels ", kernels.sizes(),
              " reach beyond the mirror image of the picture ", image.sizes());
  return Cdna::apply(image, kernels, options);
}

Tensor cdna(const Tensor& image, const Tensor& kernels, const CdnaOptions& options) {
  return runs_by_position(image, kernels, options) ? cdna_by_position(image, kernels, options)
                                                   : cdna_composed(image, kernels, options);
}

}  // namespace savp::kernels
