// All randomness of models and training is asked from here, by name, so that tests can feed recorded draws
// and a resumed run continues the same stream.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace savp {

class Noise {
 public:
  virtual ~Noise() = default;
  // Standard normal.
  virtual at::Tensor normal(const std::string& name, at::IntArrayRef shape) = 0;
  // Uniform in [0, 1).
  virtual at::Tensor uniform(const std::string& name, at::IntArrayRef shape) = 0;
  // int64, from 0 to high - 1.
  virtual at::Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) = 0;
  // 0 to count - 1 in any order, int64 [count]; the order of uniform draws unless overridden.
  virtual at::Tensor permutation(const std::string& name, int64_t count);
  // bool [count]: which of so many videos are chosen, a share of them (0-dim float), rounded half to even;
  // those that come first in a permutation of that name.
  virtual at::Tensor choice(const std::string& name, int64_t count, const at::Tensor& share);

  // Where the draws are, for checkpoints: bytes on the CPU; undefined where they have no place.
  virtual at::Tensor state() const { return {}; }
  virtual void load(const at::Tensor& /*state*/) {}
  // What is drawn from, so that a graph of a step can go on drawing; undefined where draws come
  // from elsewhere.
  virtual at::Generator generator() const { return {}; }
};

// Draws on a device from one seeded generator.
class DeviceNoise : public Noise {
 public:
  DeviceNoise(const at::Device& device, uint64_t seed);
  at::Tensor normal(const std::string& name, at::IntArrayRef shape) override;
  at::Tensor uniform(const std::string& name, at::IntArrayRef shape) override;
  at::Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) override;

  at::Tensor state() const override;
  void load(const at::Tensor& state) override;
  at::Generator generator() const override { return generator_; }

 private:
  at::Device device_;
  at::Generator generator_;
};

// The draws of predictions. Each rollout has a stream of its own, made on the CPU, that follows from
// the seed, the number of its video and the number of its sample: what else is drawn in the same batch, and
// on which device, makes no difference. The second dimension of a shape counts the rollouts, sample s of
// video b at s * videos + b.
class RolloutNoise : public Noise {
 public:
  struct Rollouts {
    int64_t first_video = 0, videos = 1;    // numbered through the data
    int64_t first_sample = 0, samples = 1;  // of each video
    bool operator==(const Rollouts&) const = default;
  };
  RolloutNoise(const at::Device& device, uint64_t seed, const Rollouts& rollouts)
      : device_(device), seed_(seed), rollouts_(rollouts) {}
  uint64_t seed() const { return seed_; }
  const Rollouts& rollouts() const { return rollouts_; }
  at::Tensor normal(const std::string& name, at::IntArrayRef shape) override;
  at::Tensor uniform(const std::string& name, at::IntArrayRef shape) override;
  at::Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) override;

 private:
  template <class Draw>
  at::Tensor each(const std::string& name, at::IntArrayRef shape, const Draw& draw) const;

  at::Device device_;
  uint64_t seed_;
  Rollouts rollouts_;
};

// Asks another noise under "prefix/name".
class PrefixedNoise : public Noise {
 public:
  PrefixedNoise(Noise& noise, std::string prefix) : noise_(noise), prefix_(std::move(prefix)) {}
  at::Tensor normal(const std::string& name, at::IntArrayRef shape) override {
    return noise_.normal(prefix_ + name, shape);
  }
  at::Tensor uniform(const std::string& name, at::IntArrayRef shape) override {
    return noise_.uniform(prefix_ + name, shape);
  }
  at::Tensor integers(const std::string& name, int64_t high, at::IntArrayRef shape) override {
    return noise_.integers(prefix_ + name, high, shape);
  }
  at::Tensor permutation(const std::string& name, int64_t count) override {
    return noise_.permutation(prefix_ + name, count);
  }
  at::Tensor choice(const std::string& name, int64_t count, const at::Tensor& share) override {
    return noise_.choice(prefix_ + name, count, share);
  }

 private:
  Noise& noise_;
  std::string prefix_;
};

}  // namespace savp
