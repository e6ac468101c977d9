#include "kernels/padding.h"

#include <torch/types.h>

namespace savp::kernels {
namespace {

// Continues an axis beyond its ends with its own mirror image; skip 1 leaves the border itself out.
at::Tensor mirror(const at::Tensor& x, int64_t axis, Pads p, int64_t skip) {
  const int64_t size = x.size(axis);
  return torch::cat({x.narrow(axis, skip, p.before).flip(axis), x,
                     x.narrow(axis, size - skip - p.after, p.after).flip(axis)},
                    axis);
}

}  // namespace

at::Tensor padded(const at::Tensor& x, Pads vertical, Pads horizontal, Border border) {
  if (border == Border::kConstant)
    return torch::constant_pad_nd(x, {horizontal.before, horizontal.after, vertical.before, vertical.after});
  const int64_t skip = border == Border::kReflect ? 1 : 0;
  return mirror(mirror(x, -2, vertical, skip), -1, horizontal, skip);
}

}  // namespace savp::kernels
