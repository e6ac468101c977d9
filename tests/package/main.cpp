// Uses a part of the library that needs LibTorch and one that does not.
#include <ATen/ATen.h>

#include <iostream>

#include "core/noise.h"
#include "core/text.h"

int main() {
  savp::DeviceNoise noise(at::kCPU, /*seed=*/1);
  const auto draws = noise.normal("draws", {3});
  std::cout << savp::near_misses("nois", {"noise", "other"}).at(0) << " " << draws.numel() << "\n";
}
