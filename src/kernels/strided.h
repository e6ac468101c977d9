// A tensor as it lies in memory, for bodies of host_device.h.
#pragma once

#include "kernels/host_device.h"

namespace savp::kernels {

// Of D axes. Sizes and strides (in elements) are those of 32-bit integers, which GPUs multiply faster;
// offsets are not.
template <class T, int D>
struct Strided {
  T* data;
  int32_t strides[D];

  template <class... Index>
  SAVP_HOST_DEVICE T& operator()(Index... index) const {
    static_assert(sizeof...(Index) == D);
    const int32_t place[] = {index...};
    int64_t offset = 0;
    for (int axis = 0; axis < D; ++axis) offset += static_cast<int64_t>(place[axis]) * strides[axis];
    return data[offset];
  }
};

// A pixel of a picture: an index counts along x, then y, then all that stands outside the picture.
struct Position {
  int outer, y, x;
  SAVP_HOST_DEVICE Position(int index, int height, int width)
      : outer(index / width / height), y(index / width % height), x(index % width) {}
};

}  // namespace savp::kernels
