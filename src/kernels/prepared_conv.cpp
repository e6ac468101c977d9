#include "kernels/prepared_conv.h"

#include <ATen/Context.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/instructions.h"
#include "core/precision.h"
#include "kernels/winograd_conv.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// The best kernels that this machine can run, or null.
const WinogradKernels* winograd_kernels() {
  switch (instructions()) {
#ifdef SAVP_X86_KERNELS
    case Instructions::kAvx512:
      return &winograd_avx512();
    case Instructions::kAvx2:
      return &winograd_avx2();
#endif
    default:
      return nullptr;
  }
}

// Measured on an AMD EPYC (Zen 5) against oneDNN. Pixels of the output, of all samples.
constexpr int64_t kChannels = 16;               // at least so many on both sides
constexpr int64_t kPixelsForTransforms = 1024;  // and of all uses, for the weight's transforms to pay
constexpr int64_t kPixelsForProduct = 1024;     // for a product of its own in the weight's gradient

const TileKernels* tile_for(const WinogradKernels& kernels, int64_t size, int64_t stride) {
  if (stride == 1) return size == 5 ? &kernels.f2x5 : size == 3 ? &kernels.f4x3 : nullptr;
  return stride == 2 && size == 4 ? &kernels.f3x2 : nullptr;
}

int64_t divide_up(int64_t x, int64_t y) { return (x + y - 1) / y; }

// Sizes with depth: [a, b, (depth,) height, width].
Size3 volume(at::IntArrayRef sizes) {
  return {sizes.size() == 5 ? sizes[2] : 1, sizes[sizes.size() - 2], sizes[sizes.size() - 1]};
}

}  // namespace

// A weight, its transforms and the sum of its gradients. The nodes of the graph share it; it refers to none
// of them.
struct WinogradWeight {
  WinogradWeight(const Tensor& weight_in, const PreparedConvOptions& options)
      : weight(weight_in.detach()),
        version(weight_in._version()),
        kernels(*winograd_kernels()),
        tile(*tile_for(kernels, weight.size(-1), options.stride)),
        size(volume(weight.sizes())),
        stride{weight.dim() == 5 ? options.depth_stride : 1, options.stride, options.stride},
        padding{weight.dim() == 5 ? options.padding : 0, options.padding, options.padding} {}

  // The convolution of an input of these sizes.
  WinogradConv plan(at::IntArrayRef input) const {
    ConvGeometry g;
    g.batch = input[0];
    g.in_channels = weight.size(1);
    g.out_channels = weight.size(0);
    g.in = volume(input);
    g.depth_taps = size[0];
    g.depth_step = stride[0];
    g.step = stride[1];
    for (int i = 0; i < 3; ++i) {
      g.origin[i] = -padding[i];
      g.outputs[i] = (g.in[i] + 2 * padding[i] - size[i]) / stride[i] + 1;
    }
    g.out = g.outputs;
    return {kernels, tile, g};
  }

  // The gradient with respect to the inputs x = phase - padding + stride j: the sum over q of
  // gradient[j - q] w[phase + stride q], a convolution with the turned taps of this phase.
  WinogradConv plan_adjoint(at::IntArrayRef input, const Size3& gradient, const Size3& phase) const {
    ConvGeometry g;
    g.batch = input[0];
    g.in_channels = weight.size(0);
    g.out_channels = weight.size(1);
    g.in = gradient;
    g.depth_taps = size[0] / stride[0];
    g.out = volume(input);
    g.out_step = stride;
    for (int i = 0; i < 3; ++i) {
      const int64_t first = divide_up(padding[i] - phase[i], stride[i]);  // the smallest j with x >= 0
      g.origin[i] = first - size[i] / stride[i] + 1;
      g.out_origin[i] = phase[i] - padding[i] + stride[i] * first;
      g.outputs[i] = divide_up(g.out[i] - g.out_origin[i], stride[i]);
    }
    return {kernels, tile, g};
  }

  // A tensor of the weight's sizes as the taps of plan().
  WeightView view(float* taps) const {
    const int64_t line = size[2], plane = size[1] * line, volume = size[0] * plane;
    const int64_t s = stride[1];
    return {taps, weight.size(1) * volume, volume, plane, s * line, s, line, 1};
  }

  // The same as the taps of plan_adjoint(): turned round, inputs and outputs exchanged, one phase of them.
  WeightView view_adjoint(float* taps, const Size3& phase) const {
    const int64_t line = size[2], plane = size[1] * line, volume = size[0] * plane;
    const auto last = [&](int axis) { return size[axis] - stride[axis] + phase[axis]; };
    return {taps + last(0) * plane + last(1) * line + last(2),
            volume,
            weight.size(1) * volume,
            -stride[0] * plane,
            -stride[1] * line,
            -stride[2]};
  }

  Tensor transform(const WinogradConv& conv, const WeightView& taps) const {
    TORCH_CHECK(weight._version() == version, "the weight of a convolution was changed while it was in use");
    Tensor result = at::empty({conv.weight_size()}, weight.options());
    conv.transform_weight(taps, result.data_ptr<float>());
    return result;
  }

  Tensor forward(const Tensor& input) {
    if (!spectrum.defined()) spectrum = transform(plan(input.sizes()), view(weight.data_ptr<float>()));
    auto sizes = input.sizes().vec();
    sizes[1] = weight.size(0);
    for (size_t i = 2, axis = 5 - sizes.size(); i < sizes.size(); ++i, ++axis) {
      sizes[i] = (sizes[i] + 2 * padding[axis] - size[axis]) / stride[axis] + 1;
    }
    Tensor output = at::empty(sizes, input.options());
    plan(input.sizes())
        .forward(input.const_data_ptr<float>(), spectrum.const_data_ptr<float>(), output.data_ptr<float>());
    return output;
  }

  Tensor backward_input(const Tensor& gradient, at::IntArrayRef input) {
    if (!made_again) spectrum.reset();  // the way forward is over, and transforms are large
    const int64_t phases = stride[0] * stride[1] * stride[2];
    adjoint_spectra.resize(phases);
    Tensor result = at::empty(input, gradient.options());
    for (int64_t i = 0; i < phases; ++i) {
      const Size3 phase{i / (stride[1] * stride[2]), i / stride[2] % stride[1], i % stride[2]};
      const WinogradConv conv = plan_adjoint(input, volume(gradient.sizes()), phase);
      if (!adjoint_spectra[i].defined())
        adjoint_spectra[i] = transform(conv, view_adjoint(weight.data_ptr<float>(), phase));
      conv.forward(gradient.const_data_ptr<float>(), adjoint_spectra[i].const_data_ptr<float>(),
                   result.data_ptr<float>());
    }
    return result;
  }

  // Uses with few pixels wait for others, so that the products are larger and the sum is read and written
  // less often.
  void backward_weight(const Tensor& input, const Tensor& gradient) {
    if (!inputs.empty() && inputs.back().sizes().slice(1) != input.sizes().slice(1)) add_waiting();
    inputs.push_back(input);
    gradients.push_back(gradient);
    const int64_t pixels = gradient.numel() / gradient.size(1);
    if (static_cast<int64_t>(inputs.size()) * pixels >= kPixelsForProduct) add_waiting();
  }

  void add_waiting() {
    if (inputs.empty()) return;
    const bool add = sum.defined();
    const Tensor input = inputs.size() == 1 ? inputs[0] : at::cat(inputs);
    const WinogradConv conv = plan(input.sizes());
    if (!add) sum = at::empty({conv.weight_size()}, weight.options());
    const Tensor gradient = gradients.size() == 1 ? gradients[0] : at::cat(gradients);
    inputs.clear();
    gradients.clear();
    conv.backward_weight(input.const_data_ptr<float>(), gradient.const_data_ptr<float>(),
                         sum.data_ptr<float>(), add);
  }

  // The weight's gradient over all uses so far.
  Tensor collect() {
    add_waiting();
    spectrum.reset();
    adjoint_spectra.clear();
    if (!sum.defined()) return {};
    Tensor gradient = at::empty_like(weight);
    plan(weight.sizes()).transform_weight_gradient(sum.data_ptr<float>(), view(gradient.data_ptr<float>()));
    sum.reset();
    return gradient;
  }

  Tensor weight;
  uint32_t version;
  const WinogradKernels& kernels;
  const TileKernels& tile;
  Size3 size, stride, padding;
  Tensor spectrum;                        // of the weight; made when first needed
  std::vector<Tensor> adjoint_spectra;    // of each phase of the weight turned round; likewise
  std::vector<Tensor> inputs, gradients;  // of uses that wait to be added to the sum
  Tensor sum;                             // gradient with respect to `spectrum`
  bool made_again = false;                // backward passes alternate with forward ones
};

namespace {

using SharedWeight = std::shared_ptr<WinogradWeight>;

// What a node of the graph can keep.
struct Kept : torch::CustomClassHolder {
  explicit Kept(SharedWeight weight_in) : weight(std::move(weight_in)) {}
  SharedWeight weight;
};

void keep(AutogradContext* ctx, const SharedWeight& weight) {
  ctx->saved_data["weight"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(weight));
}

SharedWeight kept(AutogradContext* ctx) {
  return c10::static_intrusive_pointer_cast<Kept>(ctx->saved_data["weight"].toCapsule())->weight;
}

// weight -> a stand-in for its transform. The uses add their gradients to WinogradWeight::sum themselves and
// give this node none, but it still runs after all of them: then the sum is complete.
struct Prepare : torch::autograd::Function<Prepare> {
  static Tensor forward(AutogradContext* ctx, const Tensor& weight, const SharedWeight& shared) {
    keep(ctx, shared);
    ctx->set_materialize_grads(false);
    return at::empty({0}, weight.options());
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list&) { return {kept(ctx)->collect(), {}}; }
};

Tensor sum_but_channels(const Tensor& x) {
  std::vector<int64_t> axes = {0};
  for (int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  return x.sum(axes);
}

struct Use : torch::autograd::Function<Use> {
  static Tensor forward(AutogradContext* ctx, const Tensor& input, const Tensor& handle, const Tensor& bias,
                        const SharedWeight& shared) {
    static_cast<void>(handle);  // only its place in the graph matters
    keep(ctx, shared);
    ctx->save_for_backward({input});
    Tensor output = shared->forward(input);
    if (bias.numel() > 0) output.transpose(1, -1).add_(bias);
    return output;
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "PreparedConv has no second gradient");
    const auto shared = kept(ctx);
    const Tensor input = ctx->get_saved_variables()[0], gradient = gradients[0].contiguous();
    if (ctx->needs_input_grad(1)) shared->backward_weight(input, gradient);
    return {ctx->needs_input_grad(0) ? shared->backward_input(gradient, input.sizes()) : Tensor(),
            {},
            ctx->needs_input_grad(2) ? sum_but_channels(gradient) : Tensor(),
            {}};
  }
};

// oneDNN's weight gradients of 3-D convolutions in bfloat16 contain memory that nobody wrote (LibTorch 2.11,
// AVX-512 without AMX: values as large as 1e35, others in each run), so that on the CPU these stay float.
bool reduces(const Tensor& weight) {
  return reduced_forward(weight.device()) && !(weight.is_cpu() && weight.dim() == 5);
}

bool is_plain(const Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

// Whether a convolution of some input may be computed by Winograd's way.
bool has_tiles(at::IntArrayRef weight, const PreparedConvOptions& options) {
  const auto* kernels = winograd_kernels();
  if (!kernels) return false;
  const auto [depth, height, width] = volume(weight);
  if (height != width || !tile_for(*kernels, width, options.stride) || options.padding >= width) return false;
  if (weight.size() == 5 && depth % options.depth_stride != 0) return false;
  return std::min(weight[0], weight[1]) >= kChannels && options.uses > 0;
}

}  // namespace

bool winograd_pays(at::IntArrayRef input, at::IntArrayRef weight, const PreparedConvOptions& options) {
  if (input.size() != weight.size() || !has_tiles(weight, options)) return false;
  const auto [frames, rows, columns] = volume(input);
  const int64_t pixels = input[0] * frames * rows * columns / (options.stride * options.stride);
  return options.uses * pixels >= kPixelsForTransforms;
}

struct PreparedWeight {
  SharedWeight winograd;
  Tensor reduced;  // the weight as products take it
  Tensor handle;   // stands for the transformed weight in the graph of gradients
};

PreparedConv::PreparedConv(Tensor weight, const PreparedConvOptions& options)
    : weight_(std::move(weight)), options_(options), prepared_(std::make_shared<PreparedWeight>()) {
  TORCH_CHECK(weight_.dim() == 4 || weight_.dim() == 5,
              "PreparedConv: weight [O, I, (kd,) kh, kw] expected, got ", weight_.sizes());
}

// A weight is cast once, not at each use. A GPU's tensor cores want channels last; where the weight has them
// so, cuDNN makes its outputs so, too, and what follows keeps the order.
const Tensor& PreparedConv::product_weight() const {
  const bool tensor_cores = weight_.is_cuda() && (reduces(weight_) || at::globalContext().allowTF32CuDNN());
  if (!reduces(weight_) && !tensor_cores) return weight_;
  auto& reduced = prepared_->reduced;
  const bool differentiable = weight_.requires_grad() && at::GradMode::is_enabled();
  if (reduced.defined() && (!differentiable || reduced.requires_grad())) return reduced;
  const auto order = !tensor_cores        ? at::MemoryFormat::Preserve
                     : weight_.dim() == 5 ? at::MemoryFormat::ChannelsLast3d
                                          : at::MemoryFormat::ChannelsLast;
  reduced = weight_.to(reduces(weight_) ? at::kBFloat16 : at::kFloat, /*non_blocking=*/false, /*copy=*/false,
                       order);
  return reduced;
}

const Tensor& PreparedConv::handle() const {
  auto& [winograd, reduced, handle] = *prepared_;
  if (!winograd) winograd = std::make_shared<WinogradWeight>(weight_.contiguous(), options_);
  const bool differentiable = weight_.requires_grad() && at::GradMode::is_enabled();
  if (!handle.defined() || (differentiable && !handle.requires_grad())) {
    handle = Prepare::apply(weight_, winograd);
  }
  return handle;
}

void PreparedConv::prepare() const {
  product_weight();
  if (!is_plain(weight_) || reduces(weight_) || !has_tiles(weight_.sizes(), options_)) return;
  handle();
  prepared_->winograd->made_again = true;
}

std::vector<Tensor*> PreparedConv::tensors() {
  prepared_ = std::make_shared<PreparedWeight>(*prepared_);
  return {&weight_, &prepared_->reduced, &prepared_->handle};
}

Tensor PreparedConv::operator()(const Tensor& given, const Tensor& bias) const {
  std::optional<FloatForward> exact;
  if (!reduces(weight_)) exact.emplace();
  const auto input = exact && given.scalar_type() == at::kBFloat16 ? given.to(at::kFloat) : given;
  if (!exact || !is_plain(input) || !is_plain(weight_) ||
      !winograd_pays(input.sizes(), weight_.sizes(), options_)) {
    const auto s = options_.stride;
    return weight_.dim() == 4
               ? at::conv2d(input, product_weight(), bias, s, options_.padding)
               : at::conv3d(input, product_weight(), bias, {options_.depth_stride, s, s}, options_.padding);
  }
  TORCH_CHECK(input.size(1) == weight_.size(1), "PreparedConv: input ", input.sizes(),
              " does not fit weight ", weight_.sizes());
  // A node of the graph cannot take an undefined tensor.
  const Tensor added = bias.defined() ? bias : at::empty({0}, input.options());
  return Use::apply(input.contiguous(), handle(), added, prepared_->winograd);
}

}  // namespace savp::kernels
