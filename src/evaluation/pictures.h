// The edge between videos as tensors and videos as pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "io/image.h"

namespace savp {

// Videos [T, B, C, H, W] on any device, one list of T pictures each. A byte is floor(255 * value), values
// clipped to 0..1: true frames get their bytes back.
std::vector<std::vector<Picture>> to_pictures(const at::Tensor& videos);

// Pictures of one size as one video, [T, 1, C, H, W] in 0..1.
at::Tensor to_video(const std::vector<Picture>& pictures);

}  // namespace savp
