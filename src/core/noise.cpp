#include "core/noise.h"

#include <ATen/ATen.h>
#include <ATen/core/PhiloxRNGEngine.h>

#include <cmath>
#include <numbers>

namespace savp {
namespace {

// The last step of SplitMix64: every bit of the sum changes half of the result's.
uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t z = a + 0x9e3779b97f4a7c15 * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t number_of(const std::string& name) {
  uint64_t number = 0;
  for (const char c : name) number = mixed(number, static_cast<unsigned char>(c));
  return number;
}

// [0, 1), as many steps as a float can tell apart.
float unit(at::Philox4_32& bits) { return static_cast<float>(bits() >> 8) * 0x1p-24F; }

// Box and Muller's, from (0, 1] x [0, 1).
float normal_number(at::Philox4_32& bits) {
  const double u = (bits() + 1.0) * 0x1p-32, angle = 2 * std::numbers::pi * 0x1p-32 * bits();
  return static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(angle));
}

}  // namespace

// Not at::randperm, which would wait for the device.
at::Tensor Noise::permutation(const std::string& name, int64_t count) {
  return uniform(name, {count}).argsort();
}

at::Tensor Noise::choice(const std::string& name, int64_t count, const at::Tensor& share) {
  return permutation(name, count).argsort() < (share * count).round();
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

// Rollout by rollout in double; integers below 2^53 keep their value.
template <class Draw>
at::Tensor RolloutNoise::each(const std::string& name, at::IntArrayRef shape, const Draw& draw) const {
  const auto count = rollouts_.samples * rollouts_.videos;
  TORCH_CHECK(shape.size() >= 2 && shape[1] == count, "a draw of shape ", shape, " for ", count, " rollouts");
  auto sizes = shape.vec();
  sizes.erase(sizes.begin() + 1);
  std::vector<at::Tensor> draws;
  for (int64_t i = 0; i < count; ++i) {
    const auto video = rollouts_.first_video + i % rollouts_.videos;
    const auto sample = rollouts_.first_sample + i / rollouts_.videos;
    at::Philox4_32 bits(seed_, mixed(mixed(number_of(name), video), sample));
    auto numbers = at::empty(sizes, at::kDouble);
    auto* next = numbers.template data_ptr<double>();
    for (int64_t k = 0; k < numbers.numel(); ++k) next[k] = draw(bits);
    draws.push_back(numbers);
  }
  return at::stack(draws, 1);
}

at::Tensor RolloutNoise::normal(const std::string& name, at::IntArrayRef shape) {
  return each(name, shape, normal_number).to(at::kFloat).to(device_);
}

at::Tensor RolloutNoise::uniform(const std::string& name, at::IntArrayRef shape) {
  return each(name, shape, unit).to(at::kFloat).to(device_);
}

at::Tensor RolloutNoise::integers(const std::string& name, int64_t high, at::IntArrayRef shape) {
  return each(name, shape, [high](at::Philox4_32& bits) { return std::floor(high * (bits() * 0x1p-32)); })
      .to(at::kLong)
      .to(device_);
}

at::Tensor DeviceNoise::state() const { return generator_.get_state(); }
void DeviceNoise::load(const at::Tensor& state) { generator_.set_state(state); }

}  // namespace savp
