#include "evaluation/pictures.h"

#include <ATen/ATen.h>

namespace savp {

std::vector<std::vector<Picture>> to_pictures(const at::Tensor& videos) {
  const auto bytes = (videos.to(at::kFloat).nan_to_num().clamp(0, 1) * 255.0F)
                         .to(at::kByte)
                         .permute({1, 0, 3, 4, 2})
                         .cpu()
                         .contiguous();  // [B, T, H, W, C]
  const auto size = bytes.stride(1);
  const auto* next = bytes.const_data_ptr<uint8_t>();
  std::vector<std::vector<Picture>> pictures(bytes.size(0));
  for (auto& video : pictures)
    for (int64_t t = 0; t < bytes.size(1); ++t, next += size)
      video.push_back({bytes.size(2), bytes.size(3), bytes.size(4), {next, next + size}});
  return pictures;
}

at::Tensor to_video(const std::vector<Picture>& pictures) {
  const auto& first = pictures.at(0);
  const auto frames = static_cast<int64_t>(pictures.size());
  auto bytes = at::empty({frames, 1, first.height, first.width, first.channels}, at::kByte);
  auto* next = bytes.mutable_data_ptr<uint8_t>();
  for (const auto& picture : pictures) {
    TORCH_CHECK(picture.pixels.size() == first.pixels.size(), "the frames of a video have one size");
    next = std::copy(picture.pixels.begin(), picture.pixels.end(), next);
  }
  return bytes.permute({0, 1, 4, 2, 3}).to(at::kFloat).mul(1.0F / 255.0F).contiguous();
}

}  // namespace savp
