#include "savp/kernels/prepared_conv.h"

#include <torch/torch.h>

#include <utility>
#include <vector>

#include "kernels/winograd_conv.h"

namespace savp::kernels {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// The best kernels that this machine can run, or null.
const WinogradKernels* winograd_kernels() {
#ifdef SAVP_X86_KERNELS
  static const WinogradKernels* const best =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
          ? &winograd_avx512()
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &winograd_avx2()
                                                                        : nullptr;
  return best;
#else
  return nullptr;
#endif
}

constexpr int64_t kEnoughPixels = 1024;  // all samples together

const TileKernels* tile_for(const WinogradKernels& kernels, int64_t taps) {
  return taps == 5 ? &kernels.f4x5 : taps == 3 ? &kernels.f4x3 : nullptr;
}

}  // namespace

// A weight, its transforms and the sum of its gradients. The nodes of the graph share it; it refers to none
// of them.
struct WinogradWeight {
  WinogradWeight(const Tensor& weight_in, int64_t padding_in)
      : weight(weight_in.detach()),
        version(weight_in._version()),
        padding(padding_in),
        kernels(*winograd_kernels()),
        tile(*tile_for(kernels, weight.size(-1))),
        spectrum(transform(plan(weight_sizes(), false), taps_of(false))) {}

  // [O, I, kd, kh, kw]
  std::vector<int64_t> weight_sizes() const {
    auto sizes = weight.sizes().vec();
    if (sizes.size() == 4) sizes.insert(sizes.begin() + 2, 1);
    return sizes;
  }

  // The convolution of an input of sizes [B, I, (D,) H, W], or, adjoint, of the gradient of its output.
  WinogradConv plan(at::IntArrayRef input, bool adjoint) const {
    const auto w = weight_sizes();
    const bool flat = input.size() == 4;
    ConvGeometry g{};
    g.batch = input[0];
    g.depth_taps = w[2];
    g.depth_padding = flat ? 0 : padding;
    g.padding = padding;
    g.in_channels = w[1];
    g.out_channels = w[0];
    g.in_depth = flat ? 1 : input[2];
    g.in_height = input[input.size() - 2];
    g.in_width = input[input.size() - 1];
    g.out_depth = g.in_depth + 2 * g.depth_padding - g.depth_taps + 1;
    g.out_height = g.in_height + 2 * padding - w[3] + 1;
    g.out_width = g.in_width + 2 * padding - w[4] + 1;
    if (adjoint) {
      std::swap(g.in_channels, g.out_channels);
      std::swap(g.in_depth, g.out_depth);
      std::swap(g.in_height, g.out_height);
      std::swap(g.in_width, g.out_width);
      g.depth_padding = g.depth_taps - 1 - g.depth_padding;
      g.padding = w[3] - 1 - padding;
    }
    return {kernels, tile, g};
  }

  // [kh, kw, kd, I, O], O padded to whole vectors; adjoint: turned round, [kh, kw, kd, O, I].
  Tensor taps_of(bool adjoint) const {
    const Tensor w = weight.view(weight_sizes());
    const Tensor taps = adjoint ? w.flip({2, 3, 4}).permute({3, 4, 2, 0, 1}) : w.permute({3, 4, 2, 1, 0});
    const int64_t channels = taps.size(4);
    return at::constant_pad_nd(taps,
                               {0, (channels + kernels.lanes - 1) / kernels.lanes * kernels.lanes - channels})
        .contiguous();
  }

  static Tensor transform(const WinogradConv& conv, const Tensor& taps) {
    Tensor spectrum = at::empty({conv.weight_size()}, taps.options());
    conv.transform_weight(taps.data_ptr<float>(), spectrum.data_ptr<float>());
    return spectrum;
  }

  Tensor forward(const Tensor& input) const {
    const auto w = weight.sizes();
    auto sizes = input.sizes().vec();
    sizes[1] = w[0];
    for (size_t i = 2; i < sizes.size(); ++i) sizes[i] += 2 * padding - w[i] + 1;
    Tensor output = at::empty(sizes, input.options());
    plan(input.sizes(), false)
        .forward(input.const_data_ptr<float>(), spectrum.const_data_ptr<float>(), output.data_ptr<float>());
    return output;
  }

  Tensor backward_input(const Tensor& gradient, at::IntArrayRef input) {
    TORCH_CHECK(weight._version() == version,
                "the weight of a convolution was changed before its gradient was taken");
    const WinogradConv conv = plan(input, true);
    if (!adjoint_spectrum.defined()) adjoint_spectrum = transform(conv, taps_of(true));
    Tensor result = at::empty(input, gradient.options());
    conv.forward(gradient.const_data_ptr<float>(), adjoint_spectrum.const_data_ptr<float>(),
                 result.data_ptr<float>());
    return result;
  }

  // Uses with few tiles wait for others, so that the products are larger and the sum is read and written less
  // often.
  void backward_weight(const Tensor& input, const Tensor& gradient) {
    if (!inputs.empty() && inputs.back().sizes().slice(1) != input.sizes().slice(1)) add_waiting();
    inputs.push_back(input);
    gradients.push_back(gradient);
    const int64_t area = input.size(-1) * input.size(-2);
    if (static_cast<int64_t>(inputs.size()) * input.size(0) * area >= kEnoughPixels) add_waiting();
  }

  void add_waiting() {
    if (inputs.empty()) return;
    const bool add = sum.defined();
    if (!add) sum = at::empty_like(spectrum);
    const Tensor input = inputs.size() == 1 ? inputs[0] : at::cat(inputs);
    const Tensor gradient = gradients.size() == 1 ? gradients[0] : at::cat(gradients);
    inputs.clear();
    gradients.clear();
    plan(input.sizes(), false)
        .backward_weight(input.const_data_ptr<float>(), gradient.const_data_ptr<float>(),
                         sum.data_ptr<float>(), add);
  }

  // The weight's gradient over all uses so far.
  Tensor collect() {
    add_waiting();
    if (!sum.defined()) return {};
    Tensor taps = at::empty_like(taps_of(false));
    plan(weight_sizes(), false).transform_weight_gradient(sum.data_ptr<float>(), taps.data_ptr<float>());
    sum.reset();
    return taps.narrow(4, 0, weight.size(0)).permute({4, 3, 2, 0, 1}).reshape(weight.sizes()).contiguous();
  }

  Tensor weight;
  uint32_t version;
  int64_t padding;
  const WinogradKernels& kernels;
  const TileKernels& tile;
  Tensor spectrum;          // of the weight, for the output
  Tensor adjoint_spectrum;  // of the weight turned round, for the input's gradient; made when first needed
  std::vector<Tensor> inputs, gradients;  // of uses that wait to be added to the sum
  Tensor sum;                             // gradient with respect to `spectrum`
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

struct Use : torch::autograd::Function<Use> {
  static Tensor forward(AutogradContext* ctx, const Tensor& input, const Tensor& handle,
                        const SharedWeight& shared) {
    static_cast<void>(handle);
    keep(ctx, shared);
    ctx->save_for_backward({input});
    return shared->forward(input);
  }

  static tensor_list backward(AutogradContext* ctx, const tensor_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "PreparedConv has no second gradient");
    const auto shared = kept(ctx);
    const Tensor input = ctx->get_saved_variables()[0], gradient = gradients[0].contiguous();
    if (ctx->needs_input_grad(1)) shared->backward_weight(input, gradient);
    return {ctx->needs_input_grad(0) ? shared->backward_input(gradient, input.sizes()) : Tensor(), {}, {}};
  }
};

bool is_plain(const Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

}  // namespace

bool winograd_pays(at::IntArrayRef input, at::IntArrayRef weight, const PreparedConvOptions& options) {
  const auto* kernels = winograd_kernels();
  if (!kernels || options.stride != 1 || input.size() < 4 || weight.size() != input.size()) return false;
  const int64_t taps = weight.back();
  if (weight[weight.size() - 2] != taps || !tile_for(*kernels, taps) || options.padding >= taps) return false;
  return weight[0] >= 16 && weight[1] >= 16;
}

PreparedConv::PreparedConv(Tensor weight, const PreparedConvOptions& options)
    : weight_(std::move(weight)), options_(options) {
  TORCH_CHECK(weight_.dim() == 4 || weight_.dim() == 5,
              "PreparedConv: weight [O, I, (kd,) kh, kw] expected, got ", weight_.sizes());
}

Tensor PreparedConv::operator()(const Tensor& input, const Tensor& bias) {
  if (!is_plain(input) || !is_plain(weight_) || !winograd_pays(input.sizes(), weight_.sizes(), options_)) {
    return weight_.dim() == 4 ? at::conv2d(input, weight_, bias, options_.stride, options_.padding)
                              : at::conv3d(input, weight_, bias, options_.stride, options_.padding);
  }
  TORCH_CHECK(input.size(1) == weight_.size(1), "PreparedConv: input ", input.sizes(),
              " does not fit weight ", weight_.sizes());
  if (!winograd_) {
    winograd_ = std::make_shared<WinogradWeight>(weight_.contiguous(), options_.padding);
    handle_ = Prepare::apply(weight_, winograd_);
  }
  Tensor output = Use::apply(input.contiguous(), handle_, winograd_);
  if (!bias.defined()) return output;
  std::vector<int64_t> shape(output.dim(), 1);
  shape[1] = -1;
  return output + bias.view(shape);
}

}  // namespace savp::kernels
