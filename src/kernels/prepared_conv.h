// A convolution whose weight is used many times, as by a recurrent cell at each step of a sequence.
//
//   kernels::PreparedConv gates(weight, {.padding = 2});  // once a sequence
//   for (...) z = gates(input);  // at::convolution's values and gradients, up to rounding
//
// On the CPU in float, kernels of 3 x 3 and 5 x 5 with stride 1 and of 4 x 4 with stride 2, flat or with a
// depth, are computed by Winograd's minimal filtering where that is faster: 4, 2.8 and 2.25 times fewer
// multiplications. The weight is transformed once, and its gradient is summed over all uses before it is
// transformed back. Everything else is at::convolution.
//
// Tiles are kept small, so that the rounding stays near that of a plain convolution: larger ones save more
// products, but their errors flip enough signs behind ReLU and L1 to be seen in the gradients of a whole
// training step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace savp::kernels {

struct PreparedWeight;

struct PreparedConvOptions {
  int64_t stride = 1;  // of height and width
  int64_t depth_stride = 1;
  int64_t padding = 0;  // zeros on each side of height and width (and depth)
  // How often it will be applied, about: the weight's transforms must pay for themselves. 0: never transform
  // it, where even the rounding must be that of at::convolution.
  int64_t uses = 1;
};

class PreparedConv {
 public:
  // weight [O, I, kh, kw] or [O, I, kd, kh, kw]; must not change while the convolution, or its gradient, is
  // in use.
  explicit PreparedConv(at::Tensor weight, const PreparedConvOptions& options = {});

  // input [B, I, H, W] or [B, I, D, H, W], bias [O] or undefined. The second gradient is not available.
  at::Tensor operator()(const at::Tensor& input, const at::Tensor& bias = {}) const;

  // For uses each of which has a graph of its own, as in nn::recomputed(): prepare() makes at once what else
  // the first use would make, and tensors() are the places of all that a gradient can reach, which a copy of
  // this convolution may fill with other tensors of the same values. Copies sum the weight's gradient.
  void prepare() const;
  std::vector<at::Tensor*> tensors();

  const at::Tensor& weight() const { return weight_; }
  // As convolutions take it here: in bfloat16 where they are reduced (core/precision.h).
  const at::Tensor& product_weight() const;
  const PreparedConvOptions& options() const { return options_; }

 private:
  const at::Tensor& handle() const;

  at::Tensor weight_;
  PreparedConvOptions options_;
  std::shared_ptr<PreparedWeight> prepared_;  // filled by the first use that it pays for, shared by copies
};

// Whether Winograd's way is available on this machine and faster than at::convolution for such sizes.
bool winograd_pays(at::IntArrayRef input, at::IntArrayRef weight, const PreparedConvOptions& options);

}  // namespace savp::kernels
