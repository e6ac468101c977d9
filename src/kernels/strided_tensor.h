// Tensors for the bodies that read and write them by strided.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <limits>

#include "kernels/strided.h"

namespace savp::kernels {

template <class T, int D>
Strided<T, D> with_strides(T* data, const at::Tensor& x) {
  TORCH_CHECK(x.dim() == D, "a kernel for ", D, " axes was given ", x.sizes());
  Strided<T, D> view{data, {}};
  for (int axis = 0; axis < D; ++axis) {
    TORCH_CHECK(x.stride(axis) <= std::numeric_limits<int32_t>::max(), "a kernel was given a stride of ",
                x.stride(axis));
    view.strides[axis] = static_cast<int32_t>(x.stride(axis));
  }
  return view;
}

// An undefined tensor is one without data.
template <class T, int D>
Strided<const T, D> to_read(const at::Tensor& x) {
  return x.defined() ? with_strides<const T, D>(x.const_data_ptr<T>(), x) : Strided<const T, D>{};
}
template <class T, int D>
Strided<T, D> to_write(const at::Tensor& x) {
  return x.defined() ? with_strides<T, D>(x.mutable_data_ptr<T>(), x) : Strided<T, D>{};
}

// Whether a kernel that counts elements in 32 bits can work on a tensor at all.
inline bool countable(const at::Tensor& x) {
  return x.numel() > 0 && x.numel() <= std::numeric_limits<int32_t>::max();
}

}  // namespace savp::kernels
