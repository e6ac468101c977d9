#include "savp/core/noise.h"

#include <ATen/ATen.h>

namespace savp {

// Not at::randperm, which would wait for the device.
at::Tensor Noise::permutation(const std::string& name, int64_t count) {
  return uniform(name, {count}).argsort();
}

DeviceNoise::DeviceNoise(const at::Device& device, uint64_t seed)
    : device_(device), generator_(at::globalContext().defaultGenerator(device).clone()) {
  generator_.set_current_seed(seed);
}

at::Tensor DeviceNoise::normal(const std::string& /*name*/, at::IntArrayRef shape) {
  return at::empty(shape, at::device(device_).dtype(at::kFloat)).normal_(0.0, 1.0, generator_);
}

at::Tensor DeviceNoise::uniform(const std::string& /*name*/, at::IntArrayRef shape) {
  return at::empty(shape, at::device(device_).dtype(at::kFloat)).uniform_(0.0, 1.0, generator_);
}

at::Tensor DeviceNoise::integers(const std::string& /*name*/, int64_t high, at::IntArrayRef shape) {
  return at::empty(shape, at::device(device_).dtype(at::kLong)).random_(0, high, generator_);
}

at::Tensor DeviceNoise::state() const { return generator_.get_state(); }
void DeviceNoise::load(const at::Tensor& state) { generator_.set_state(state); }

}  // namespace savp
